import { Meter } from "../pages/meter.js";
import { formatNumber } from "../pages/numbers.js";
import { Lead, Panel } from "../pages/panel.js";
import type { AbortMeter } from "./abort-meter.js";

/** Answers how near the job is to its abort rules. */
export function AbortPanel({ abort, isOver }: { abort: readonly AbortMeter[]; isOver: boolean }) {
  return (
    <Panel id="abort" title="Abort rules">
      {abort.length === 0 ? <Lead>The job has no abort rule: failures do not stop it.</Lead> : null}
      {abort.map((rule, i) => (
        <RuleMeter
          key={`${rule.failureType} ${rule.minEnded}`}
          id={`abort-${i}`}
          rule={rule}
          isOver={isOver}
        />
      ))}
    </Panel>
  );
}

function RuleMeter({ id, rule, isOver }: { id: string; rule: AbortMeter; isOver: boolean }) {
  const { failureType, thresholdPercent, minEnded, failures, ended, percent, met, failuresLeft } = rule;
  const what = failureType === "ALL" ? "failures" : failureType;
  const share = percent ?? 0;
  const title = `${formatNumber(thresholdPercent)} % ${what} after ${formatNumber(minEnded)} ended`;
  const state = met
    ? "Reached: the rule cancels the job."
    : isOver
      ? "Never reached."
      : failuresLeft === 1
        ? "The next failure cancels the job."
        : `${formatNumber(failuresLeft)} more failures in a row cancel the job.`;
  return (
    <article>
      <h3>{title}</h3>
      <Meter
        id={id}
        title={title}
        value={share}
        limit={thresholdPercent}
        max={Math.min(100, Math.max(thresholdPercent * 2, share))}
        format={(value) => `${formatNumber(value)} %`}
        look={{ tone: met ? "bad" : share >= thresholdPercent / 2 ? "warn" : "good" }}
      />
      <p>
        <b>{state}</b>{" "}
        {percent === null
          ? "None has ended yet."
          : `${formatNumber(failures)} of ${formatNumber(ended)} ended are ${formatNumber(share)} %.`}
      </p>
    </article>
  );
}
