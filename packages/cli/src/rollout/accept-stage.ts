import { FotaError } from "@fota/shared";
import { addTags } from "../aws/tags.js";
import { gateTag } from "../job/rollout-tags.js";
import type { Advancing } from "./advancing.js";
import { awsNow, isoSeconds } from "./aws-time.js";
import { currentIndex, type StageState } from "./stages.js";

/**
 * Opens the gate of the current stage by hand.
 * @throws {FotaError} USAGE when another stage is the current one
 */
export async function acceptStage(
  { cloud, plan }: Pick<Advancing, "cloud" | "plan">,
  states: readonly StageState[],
  name: string,
): Promise<StageState> {
  const current = states[currentIndex(states)];
  if (current?.stage.name !== name) {
    const where =
      current === undefined ? "all gates are open" : `the rollout is at stage ${current.stage.name}`;
    throw new FotaError("USAGE", `--accept ${name}: ${where}`, {
      hint: {
        text: "run <command> to see where the rollout stands",
        command: ["rollout", plan.path, "--status"],
      },
    });
  }
  const { started } = current;
  if (started === undefined) {
    throw new FotaError("USAGE", `--accept ${name}: the stage has not started`, {
      hint: { text: "run <command> to start it", command: ["rollout", plan.path] },
    });
  }
  const gate = { state: "open", decidedAt: isoSeconds(awsNow(cloud)), text: "accepted by hand" } as const;
  await addTags(cloud.iot, started.job.jobArn, gateTag(gate));
  return { ...current, started: { ...started, tags: { ...started.tags, gate } } };
}
