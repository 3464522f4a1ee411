import type { ExecutionCounts } from "../aws/jobs.js";

/** Names a color of the pages by its meaning: `run` is in progress, `wait` is queued, `off` is canceled or removed. */
export type Tone = "good" | "bad" | "warn" | "run" | "wait" | "off" | "plan";

/** Says how a part of a chart looks. The texture tells apart what colors alone do not, on paper and to the color-blind. */
export interface Look {
  tone: Tone;
  texture?: "hatch" | "dots";
  /** Dashes of a line, as `stroke-dasharray` takes them. */
  dash?: string;
}

/** Gives each status of an execution its look, the same in every chart. */
export const STATUS_LOOKS: Readonly<Record<keyof ExecutionCounts, Look>> = {
  succeeded: { tone: "good" },
  failed: { tone: "bad" },
  timedOut: { tone: "bad", texture: "hatch", dash: "6 3" },
  rejected: { tone: "bad", texture: "dots", dash: "2 3" },
  removed: { tone: "off", texture: "hatch", dash: "6 3" },
  canceled: { tone: "off" },
  inProgress: { tone: "run", texture: "hatch" },
  queued: { tone: "wait", texture: "dots" },
};
