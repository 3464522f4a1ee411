import { setTimeout } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import { runTool } from "./tool.js";

const HINTS = {
  installHint: "install rauc, and rauc-service on Debian",
  failureHint: "run rauc by hand: check /etc/rauc/system.conf and that the rauc service runs",
};
const BUSY_RETRY_MS = 1_000;

/**
 * Runs `rauc` and returns its output. RAUC's service goes on with an installation when its client has ended, so after a
 * crash of the agent it may be busy and refuse all calls: then tries again until `timeoutMs` is over.
 * @throws {FotaError} SLOT_ACCESS
 */
export async function callRauc(args: readonly string[], timeoutMs = 60_000): Promise<string> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      const leftMs = Math.max(BUSY_RETRY_MS, endMs - performance.now());
      return await runTool("rauc", args, { ...HINTS, timeoutMs: leftMs, reasonIn: findLastError });
    } catch (error) {
      const isBusy = /already processing/i.test(messageOf(error));
      if (!isBusy || performance.now() + BUSY_RETRY_MS > endMs) throw error;
      await setTimeout(BUSY_RETRY_MS);
    }
  }
}

/** `rauc install` prints why it failed on its standard output. */
function findLastError(stdout: string): string | undefined {
  return /^LastError: (.*)$/m.exec(stdout)?.[1];
}
