import type { Advice } from "@fota/shared";
import { formatDuration } from "../rehearse/words.js";
import { formatSteps } from "../status/format-steps.js";
import { outcomeOf } from "../status/outcome.js";
import { formatSeconds } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { Style } from "../terminal/paint.js";
import { type Column, layoutOf } from "../terminal/table.js";
import { wrapIndented } from "../terminal/wrap.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import type { RolloutResult, StageResult } from "./result.js";

type Screen = Pick<Output, "paint" | "columns" | "fota">;

const HEADS: Readonly<Record<RolloutResult["state"], readonly [mark: string, style: Style]>> = {
  planned: ["•", "cyan"],
  "in progress": ["•", "cyan"],
  done: ["✔", "green"],
  stopped: ["✗", "red"],
};

/** Formats a rollout: its state, a line for each stage, and the next commands. */
export function formatRollout(plan: RolloutPlan, result: RolloutResult, screen: Screen): string {
  const { paint, columns, fota } = screen;
  const [mark, style] = HEADS[result.state];
  const head = wrapIndented(
    `rollout ${plan.name} ${headOf(result)}`,
    columns,
    `${paint(style, mark)} `,
    "  ",
  );
  const isPlan = result.stages.some(({ plan: planned }) => planned !== undefined);
  const isRehearsed = result.stages.some(({ plan: planned }) => planned?.rehearsal !== undefined);
  const shown = isPlan ? planColumns(plan, isRehearsed) : STATE_COLUMNS;
  const table = layoutOf(result.stages, shown, paint, columns, "wrap");
  const lines = [table.head, ...result.stages.map(table.line)].join("\n");
  const steps = stepsOf(plan, result, isPlan);
  if (steps.length === 0) return `${head}\n\n${lines}`;
  return `${head}\n\n${lines}\n\n${formatSteps(steps, { paint, columns, fota })}`;
}

function headOf({ state, stage, reason, stages }: RolloutResult): string {
  if (state === "done")
    return `is done: ${stages.length === 1 ? "its stage" : `all ${stages.length} stages`} passed`;
  if (state === "planned") return "has not started";
  const why = reason === null ? "" : `: ${reason}`;
  return state === "stopped" ? `stopped at stage ${stage}${why}` : `is at stage ${stage}${why}`;
}

const STAGE: Column<StageResult> = { name: "stage", value: ({ number, name }) => `${number} ${name}` };
const JOB: Column<StageResult> = { name: "job", value: ({ jobId }) => jobId, shrinkTo: 12, dropOrder: 1 };

const STATE_COLUMNS: readonly Column<StageResult>[] = [
  STAGE,
  JOB,
  {
    name: "things",
    value: (stage) => outcome(stage)?.short ?? "not started",
    style: (stage) => outcome(stage)?.style ?? "dim",
  },
  {
    name: "gate",
    value: ({ gate }) => `${gate.state}${gate.text === null ? "" : `: ${gate.text}`}`,
    style: ({ gate }) => (gate.state === "open" ? "green" : gate.state === "closed" ? "red" : "dim"),
  },
];

function outcome({ status, counts }: StageResult) {
  return status === null || counts === null ? undefined : outcomeOf({ status, counts });
}

function planColumns({ stages }: RolloutPlan, isRehearsed: boolean): Column<StageResult>[] {
  return [
    STAGE,
    { name: "to", value: ({ to }) => shortList(to), shrinkTo: 12 },
    { name: "things", value: thingsText, right: true },
    ...(isRehearsed ? [{ name: "rehearsal", value: rehearsalText }] : []),
    {
      name: "gate",
      value: ({ number, gate }) => {
        const stage = stages[number - 1];
        return gate.state === "pending" && stage !== undefined ? gateRuleText(stage) : gate.state;
      },
    },
  ];
}

function thingsText({ plan, counts }: StageResult): string {
  if (plan !== undefined) return plan.things === null ? "unknown" : String(plan.things);
  return counts === null ? "" : String(Object.values(counts).reduce((sum, count) => sum + count, 0));
}

function shortList(texts: readonly string[]): string {
  const [first = "", ...more] = texts;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function rehearsalText({ plan }: StageResult): string {
  if (plan?.rehearsal === undefined) return "-";
  const { opensAfterSeconds, openRuns, runs } = plan.rehearsal;
  if (opensAfterSeconds === null) return "gate closes";
  const opens = `opens after ${formatDuration(opensAfterSeconds)}`;
  return openRuns === runs ? opens : `${opens}, closes in ${runs - openRuns} of ${runs} runs`;
}

/** Formats the rule of a gate: `98 % succeeded after 95 % ended, soak 2 h, ./check.sh`. */
function gateRuleText({ gate }: Pick<Stage, "gate">): string {
  const { successPercent, afterPercent, minThings, soakSeconds, command } = gate;
  return [
    `${successPercent} % succeeded`,
    ...(afterPercent < 100 ? [`when ${afterPercent} % have ended`] : []),
    ...(minThings > 1 ? [`at least ${minThings} things`] : []),
    ...(soakSeconds > 0 ? [`soak ${formatSeconds(soakSeconds)}`] : []),
    ...(command === undefined ? [] : [command.join(" ")]),
  ].join(", ");
}

function stepsOf({ path }: RolloutPlan, { state, stage, stages }: RolloutResult, isPlan: boolean): Advice[] {
  const current = stages.find(({ name }) => name === stage);
  if (current === undefined) return [];
  const { jobId, status, counts } = current;
  if (state === "planned") return isPlan ? [{ command: ["rollout", path], text: "starts the rollout" }] : [];
  const resume: Advice = { command: ["rollout", path], text: "continues the rollout" };
  if (state !== "stopped") return [resume];
  const pending = status !== "CANCELED" && counts !== null && counts.queued + counts.inProgress > 0;
  return [
    { command: ["why", jobId], text: "explains the causes and what to do" },
    { ...resume, text: "judges the gate again" },
    { command: ["rollout", path, "--accept", current.name], text: "opens the gate by hand" },
    ...(pending ? [{ command: ["cancel", jobId], text: "stops the things that have not ended" }] : []),
  ];
}
