import { join } from "node:path";
import { fileState } from "@fota/agent/node";

/** Which version is in which slot of a virtual device, as the jobs said that installed it. */
export interface SlotVersions {
  of(slot: number): Promise<string | undefined>;
  /** Durable when it resolves. `undefined`: the job named no version. */
  set(slot: number, version: string | undefined): Promise<void>;
}

/** @param factory version of the slots that nothing was installed into; @param dir folder of the device */
export function slotVersions(dir: string, factory: string | undefined): SlotVersions {
  const file = fileState(join(dir, "versions.json"));
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

/** `null`: an image was installed whose version nobody named. What cannot be read counts as nothing. */
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
