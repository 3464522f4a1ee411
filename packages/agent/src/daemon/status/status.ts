import { AGENT_VERSION } from "../../core/agent-version.js";
import type { BootFacts } from "../../core/update-state.js";
import { type BenchView, readSituation } from "../bench/bench.js";
import type { LastResult } from "../device/history.js";
import type { Live, Status } from "./result.js";

const BOOT_NAMES: Readonly<Record<BootFacts["boot"], Status["boot"]>> = {
  settled: "confirmed",
  onTrial: "trial",
  resetDue: "restart-due",
};

/** Returns what runs and what the agent does. `daemon` is null if no daemon runs. */
export async function readStatus(bench: BenchView, daemon: Live | null): Promise<Status> {
  const { record, boot, state } = await readSituation(bench);
  const { last } = await bench.history.load();
  const target = "target" in state ? state.target : undefined;
  return {
    thing: bench.config.thingName,
    endpoint: bench.config.endpoint,
    model: bench.config.model ?? null,
    version: bench.device.firmwareVersion ?? null,
    slot: record.runningSlot,
    boot: BOOT_NAMES[boot],
    nextSlot: record.currentSlot,
    workingSlot: record.workingSlot,
    phase: state.phase,
    jobId: state.phase === "idle" ? null : state.execution.jobId,
    targetVersion: target?.version ?? null,
    last: last === undefined ? null : resultOf(last),
    daemon,
    agent: AGENT_VERSION,
  };
}

function resultOf({ jobId, status, version, reason, detail, at }: LastResult): Status["last"] {
  return {
    jobId: jobId ?? null,
    status,
    version: version ?? null,
    reason: reason ?? null,
    detail: detail ?? null,
    at,
  };
}
