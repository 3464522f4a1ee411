import { formatRows, formatSeconds } from "../terminal/format.js";
import { statusStyle } from "./fleet.js";
import { reportText, type View } from "./format.js";
import type { ThingSummary } from "./result.js";

/** All that is known of one thing of a job, a line each. */
export function formatThing(jobId: string, thing: ThingSummary, { paint, time, fota }: View): string {
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
    ["expected", expected],
    ["actual", actual],
    ["running", running],
    ["try", String(thing.executionNumber)],
    ["version", thing.versionNumber === undefined ? undefined : String(thing.versionNumber)],
    ["queued", at(thing.queuedAt)],
    ["started", at(thing.startedAt)],
    ["updated", at(thing.lastUpdatedAt)],
    ["time left", secondsLeft === undefined ? undefined : formatSeconds(secondsLeft)],
    ["canceled", thing.forceCanceled === true ? "by force, while the thing was in progress" : undefined],
  ];
  const known = rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]));
  const head = `${paint("bold", thing.thing)}  ${paint(statusStyle(status), status)}  of job ${jobId}`;
  const why = fota("why", jobId, "--thing", thing.thing);
  const next = status === "SUCCEEDED" ? "" : `\n\nnext: ${paint("cyan", why)}`;
  return `${head}\n\n${formatRows(known, (label) => paint("dim", label))}${next}`;
}
