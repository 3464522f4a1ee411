import { Histogram } from "../pages/histogram.js";
import { STATUS_LOOKS } from "../pages/look.js";
import { formatNumber } from "../pages/numbers.js";
import { Panel } from "../pages/panel.js";
import { TimeChart } from "../pages/time-chart.js";
import { binsOf, wholeBinsOf } from "./bins.js";
import type { PanelProps } from "./panel-props.js";
import { formatDuration } from "./words.js";

/** Answers how the rollout goes, and how much chance is in it. */
export function OverTimePanel({ found: { overTime, runs, abort, abortedRuns } }: PanelProps) {
  const last = overTime.at(-1);
  const band = (pick: (point: (typeof overTime)[number]) => { p10: number; p50: number; p90: number }) => ({
    values: overTime.map((point) => pick(point).p50),
    ...(runs.length > 1 && {
      band: {
        low: overTime.map((point) => pick(point).p10),
        high: overTime.map((point) => pick(point).p90),
      },
    }),
  });
  const ends =
    last === undefined
      ? ""
      : `${formatNumber(last.succeeded.p50)} succeeded at the end, ${formatNumber(last.failed.p50)} did not.`;
  return (
    <Panel id="over-time" title="Executions over time" wide>
      <TimeChart
        id="over-time-chart"
        title="Executions over time"
        desc={`In half of the runs: ${ends}`}
        scale="elapsed"
        times={overTime.map(({ afterSeconds }) => 1000 * afterSeconds)}
        series={[
          {
            label: "succeeded",
            look: STATUS_LOOKS.succeeded,
            filled: runs.length === 1,
            ...band((point) => point.succeeded),
          },
          {
            label: "failed, timed out or rejected",
            look: STATUS_LOOKS.timedOut,
            ...band((point) => point.failed),
          },
          { label: "created", look: { tone: "run" }, ...band((point) => point.created) },
        ]}
        marks={
          abort === null
            ? []
            : [
                {
                  atMs: 1000 * abort.afterSeconds.p50,
                  label: `${abortedRuns === 1 ? "abort after" : "half of the aborts by"} ${formatDuration(abort.afterSeconds.p50)}`,
                },
              ]
        }
      />
      {runs.length === 1 ? null : (
        <p class="dim">The lines are the middle of the runs. Four of five runs are inside the bands.</p>
      )}
    </Panel>
  );
}

/** Answers how far the ends of the runs are apart. */
export function EndsPanel({ found: { runs, endedAfterSeconds } }: PanelProps) {
  const ends = runs.flatMap(({ endedAfterSeconds: end }) => end ?? []);
  const bins = binsOf(ends, formatDuration);
  return (
    <Panel id="ends" title="When the runs end">
      {bins.length === 0 ? (
        <p>
          {ends.length === 0
            ? "No run ends within 30 days."
            : `All runs end after ${formatDuration(ends[0] ?? 0)}.`}
        </p>
      ) : (
        <Histogram
          id="ends-chart"
          title="When the runs end"
          desc={`${ends.length} of ${runs.length} runs end, between ${formatDuration(Math.min(...ends))} and ${formatDuration(Math.max(...ends))}.`}
          bins={bins}
          marks={
            endedAfterSeconds.p50 === null
              ? []
              : [{ value: endedAfterSeconds.p50, label: "half of all runs by" }]
          }
          unit="runs"
          format={formatDuration}
          look={{ tone: "run" }}
        />
      )}
      {ends.length === runs.length ? null : <p class="dim">{runs.length - ends.length} runs do not end.</p>}
    </Panel>
  );
}

/** Answers how many devices get a bad image before an abort rule stops it. */
export function BadDevicesPanel({ found: { runs, abort, abortedRuns, job } }: PanelProps) {
  if (abort === null) {
    return (
      <Panel id="bad" title="Bad image">
        <p>
          {job["abortConfig"] === undefined
            ? "The job has no abort rule: a bad image reaches every device that comes online."
            : "The abort rule does not fire in any run."}
        </p>
      </Panel>
    );
  }
  const ran = runs.flatMap(({ abort: found }) => (found === null ? [] : [found.devicesThatRanImage]));
  const bins = wholeBinsOf(ran);
  const rule = runs.find(({ abort: found }) => found !== null)?.abort?.rule ?? "";
  return (
    <Panel id="bad" title="Devices that ran the image before the abort">
      <p>
        Aborts in {abortedRuns} of {runs.length} runs: {rule}.
      </p>
      {bins.length === 0 ? (
        <p>{formatNumber(ran[0] ?? 0)} devices in each run.</p>
      ) : (
        <Histogram
          id="bad-chart"
          title="Devices that ran the image before the abort"
          desc={`Between ${formatNumber(Math.min(...ran))} and ${formatNumber(Math.max(...ran))} devices.`}
          bins={bins}
          marks={[{ value: abort.devicesThatRanImage.p50, label: "half up to" }]}
          unit="runs"
          format={formatNumber}
          look={STATUS_LOOKS.failed}
        />
      )}
    </Panel>
  );
}
