import { type Bench, readSituation } from "../bench/bench.js";
import type { Facts } from "../executable/environment.js";

/** Returns what executables are told about this device. */
export async function readDeviceFacts({ config, opened, device }: Bench): Promise<Facts> {
  const { runningSlot } = await opened.slots.record();
  return {
    thingName: config.thingName,
    model: config.model,
    running: { slot: runningSlot, version: device.firmwareVersion },
  };
}

/** Returns what `self-test` is told: the device, and the image on trial. */
export async function readTrialFacts(bench: Bench): Promise<Facts> {
  const [facts, { state }, { install }] = await Promise.all([
    readDeviceFacts(bench),
    readSituation(bench),
    bench.history.load(),
  ]);
  const { jobId } = state.phase === "idle" ? { jobId: undefined } : state.execution;
  const image = state.phase === "idle" ? install : state.target;
  if (image === undefined) return facts;
  const { slot, sizeBytes, md5, version } = image;
  return { ...facts, jobId, image: { slot, sizeBytes, md5, version } };
}
