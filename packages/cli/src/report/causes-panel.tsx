import { causeName } from "../causes/cause-table.js";
import { formatNumber, formatShare } from "../pages/numbers.js";
import { ThingName } from "../pages/page-links.js";
import { Commands, Lead, Panel, Share } from "../pages/panel.js";
import { cut } from "../terminal/table.js";
import type { ExplainedCause, ExplainedCauses } from "./causes.js";

/** Firmware may give each failure a reason of its own. */
const SHOWN_MAX = 8;
/** A longer report is a log; the table of things or the CSV has more of it. */
const REPORT_MAX = 120;

/** Answers why things failed, and what fixes it. */
export function CausesPanel({ causes: { causes, read, failures } }: { causes: ExplainedCauses }) {
  return (
    <Panel id="causes" title="Causes of failure">
      <Lead>{leadOf(causes[0], read, failures)}</Lead>
      {read > 0 && read < failures ? (
        <p class="dim">
          A sample: {formatNumber(read)} of {formatNumber(failures)} failures were read.
        </p>
      ) : null}
      {causes.slice(0, SHOWN_MAX).map((cause) => (
        <CauseText key={`${cause.status} ${cause.text}`} cause={cause} read={read} />
      ))}
      {causes.length > SHOWN_MAX ? (
        <p class="dim">{formatNumber(causes.length - SHOWN_MAX)} rarer causes are in the table of things.</p>
      ) : null}
    </Panel>
  );
}

function leadOf(first: ExplainedCause | undefined, read: number, failures: number): string {
  if (failures === 0) return "No thing has failed.";
  if (first === undefined) return `${formatNumber(failures)} failed; their causes were not read.`;
  const name = first.reason === null ? `${first.status} without a cause` : causeName(first.reason);
  return first.count === read
    ? `All with ${name}.`
    : `Most often ${name}: ${formatNumber(first.count)} of ${formatNumber(read)}.`;
}

function CauseText({ cause, read }: { cause: ExplainedCause; read: number }) {
  const { status, reason, count, text, meaning, advice, remedy, things } = cause;
  const more = count > things.length ? `, and ${formatNumber(count - things.length)} more` : "";
  return (
    <article>
      <h3>
        {formatNumber(count)} × {reason === null ? "no cause reported" : causeName(reason)}{" "}
        <span class="dim">
          {status}, {formatShare(count, read)}
        </span>
      </h3>
      <Share part={count} total={read} look={{ tone: "bad" }} />
      {meaning === undefined ? null : <p>{meaning}.</p>}
      <p class="dim">
        Reported: {cut(text, REPORT_MAX)}. Things:{" "}
        {things.map((name, i) => (
          <>
            {i === 0 ? "" : ", "}
            <ThingName name={name} />
          </>
        ))}
        {more}
      </p>
      {remedy === undefined ? (
        <p>
          <b>Fix:</b> {advice ?? "check the log of the device"}.
        </p>
      ) : (
        <>
          <p>
            <b>Fix:</b> {advice}.
          </p>
          <Commands steps={[remedy]} />
        </>
      )}
    </article>
  );
}
