import { reportedValue } from "../causes/reported-value.js";
import { formatSeconds } from "../terminal/format.js";
import { formatWrappedRows } from "../terminal/wrap.js";
import { downloadText } from "./download-text.js";
import { statusStyle } from "./fleet.js";
import { reportText, type View } from "./format.js";
import { formatSteps } from "./format-steps.js";
import { nextStepsOfThing } from "./next-steps.js";
import type { ThingSummary } from "./result.js";

/** Formats all details of one thing of a job, a line for each. */
export function formatThing(jobId: string, thing: ThingSummary, view: View): string {
  const { paint, time } = view;
  const { status, phase, percent, bytes, totalBytes, expected, actual, running, secondsLeft } = thing;
  const at = (iso: string | undefined) => (iso === undefined ? undefined : time(iso));
  const rows: [string, string | undefined][] = [
    ["report", reportText(thing) || undefined],
    ["phase", phase],
    ["percent", percent === undefined ? undefined : `${percent} %`],
    [
      "bytes",
      bytes === undefined ? undefined : `${bytes}${totalBytes === undefined ? "" : ` of ${totalBytes}`}`,
    ],
    ["download", downloadText(thing)],
    ["expected", expected && reportedValue(thing.reason, expected)],
    ["actual", actual && reportedValue(thing.reason, actual)],
    ["running", running],
    ["attempt", String(thing.executionNumber)],
    ["version", thing.versionNumber === undefined ? undefined : String(thing.versionNumber)],
    ["queued", at(thing.queuedAt)],
    ["started", at(thing.startedAt)],
    ["updated", at(thing.lastUpdatedAt)],
    ["time left", secondsLeft === undefined ? undefined : formatSeconds(secondsLeft)],
    ["canceled", thing.forceCanceled === true ? "by force, while the thing was in progress" : undefined],
  ];
  const known = rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]));
  const head = `${paint("bold", thing.thing)}  ${paint(statusStyle(status), status)}  of job ${jobId}`;
  const steps = formatSteps(nextStepsOfThing(jobId, thing, view.publish), view);
  const facts = formatWrappedRows(known, (label) => paint("dim", label), view.columns);
  return [head, facts, steps].filter((part) => part !== "").join("\n\n");
}
