import type { BenchView } from "../bench/bench.js";
import type { Status } from "../status/result.js";
import { readStatus } from "../status/status.js";
import { type Finding, failed, ok, warn } from "./finding.js";
import { checkSpace, sizeText } from "./storage.js";

/** Checks the slots, the boot loader and the space for an image. */
export async function checkSlots(bench: BenchView): Promise<Finding[]> {
  const { config, opened } = bench;
  try {
    const { slotCount, slotSizeBytes } = await opened.slots.record();
    const size =
      slotSizeBytes === Number.MAX_SAFE_INTEGER
        ? "limited by the disk"
        : `of at most ${sizeText(slotSizeBytes)}`;
    return [
      ok("slots", `${config.slots.type}: ${slotCount} slots, ${size}`),
      bootFinding(await readStatus(bench, null)),
      ...(opened.imageFolder === undefined
        ? []
        : [await checkSpace(opened.imageFolder.path, opened.imageFolder.imageBytes)]),
    ];
  } catch (error) {
    return [failed("slots", error)];
  }
}

/** Returns what the boot loader does next. */
export function bootFinding({ slot, boot, nextSlot, workingSlot, version, daemon }: Status): Finding {
  const running = `slot ${slot} runs${version === null ? "" : `, version ${version}`}`;
  if (boot === "confirmed") return ok("boot loader", `${running}, confirmed`);
  if (boot === "trial") {
    return warn(
      "boot loader",
      `${running}, on trial: slot ${workingSlot} boots next unless it is confirmed`,
      daemon === null
        ? "run `fota-agent run`, which confirms it, or `fota-agent confirm`"
        : "wait until the daemon confirms it, or run `fota-agent confirm`",
    );
  }
  return warn("boot loader", `${running}; slot ${nextSlot} boots next`, "restart the device");
}
