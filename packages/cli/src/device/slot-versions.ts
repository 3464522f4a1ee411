import { join } from "node:path";
import { simulatedState } from "@fota/agent/node";

/** Stores the version in each slot of a virtual device, as the installing job stated it. */
export interface SlotVersions {
  of(slot: number): Promise<string | undefined>;
  /** Sets a version. `undefined`: the job stated no version. */
  set(slot: number, version: string | undefined): Promise<void>;
}

/**
 * Opens the versions.
 * @param dir folder of the device
 * @param factory version of the slots that nothing was installed into
 */
export function slotVersions(dir: string, factory: string | undefined): SlotVersions {
  const file = simulatedState(join(dir, "versions.json"));
  return {
    async of(slot) {
      const versions = parse(await file.load());
      const version = versions[slot];
      if (version === undefined) return factory;
      return version ?? undefined;
    },
    async set(slot, version) {
      const versions = parse(await file.load());
      await file.save(JSON.stringify({ ...versions, [slot]: version ?? null }));
    },
  };
}

/**
 * Parses the file; `null` means that an image without a stated version was installed. An unreadable file counts as
 * empty.
 */
function parse(text: string | undefined): Readonly<Record<string, string | null>> {
  try {
    const versions = Object.entries(Object(JSON.parse(text ?? "{}")));
    return Object.fromEntries(
      versions.filter(
        (entry): entry is [string, string | null] => typeof entry[1] === "string" || entry[1] === null,
      ),
    );
  } catch {
    return {};
  }
}
