import { FotaError, type UpdateReport } from "@fota/shared";
import type { Bench } from "../bench/bench.js";
import { installImage } from "../bench/install.js";
import type { Outcome } from "../bench/outcome.js";
import { confirmTrial, revertTrial } from "../bench/trial.js";
import type { ControlRequest } from "../control/protocol.js";
import type { ControlWork } from "../control/server.js";
import { readStatus } from "../status/status.js";
import { interruptible } from "./interruptible.js";
import { type LiveStatus, toLive } from "./live-status.js";
import { describeError } from "./retrying.js";
import type { Desk } from "./session.js";

/**
 * Does what a command asks the daemon for.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN if the slots cannot be used yet; errors of the command
 */
export async function carryOut(
  request: ControlRequest,
  body: AsyncIterable<Uint8Array>,
  onProgress: (report: UpdateReport) => void,
  desk: Desk | undefined,
  live: LiveStatus,
): Promise<ControlWork> {
  if (desk === undefined) {
    throw new FotaError(
      "RUNNING_SLOT_UNKNOWN",
      `the slots cannot be used yet: ${live.problem ?? "starting"}`,
      {
        hint: "run `fota-agent check`",
      },
    );
  }
  const { bench } = desk;
  switch (request.command) {
    case "status":
      return { result: await readStatus(bench, toLive(live)) };
    case "confirm":
      return await changing(desk, () => confirmTrial(bench));
    case "revert":
      return await changing(desk, () => revertTrial(bench));
    case "install":
      return await changing(desk, () =>
        installImage(bench, request, interruptible(body, desk.signal), onProgress),
      );
  }
}

async function changing({ bench, exclusively }: Desk, work: () => Promise<Outcome>): Promise<ControlWork> {
  const result = await exclusively(work);
  bench.device.log("info", result.message);
  return { result, after: result.restart ? () => restart(bench) : undefined };
}

/** Restarts the device. The command has its answer by then, so a failure goes to the log. */
async function restart({ opened, device }: Bench): Promise<void> {
  try {
    await opened.slots.restart();
  } catch (error) {
    device.log("error", `cannot restart: ${describeError(error)}`);
  }
}
