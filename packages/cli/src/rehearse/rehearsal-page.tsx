import type { ComponentChildren } from "preact";
import type { JobSetup } from "../aws/jobs.js";
import { rolloutFlags, rolloutTextsOf, scheduleTextsOf } from "../job/rollout-options.js";
import { DataTable } from "../pages/data-table.js";
import { Histogram } from "../pages/histogram.js";
import { STATUS_LOOKS } from "../pages/look.js";
import { formatNumber, formatShare } from "../pages/numbers.js";
import { renderPage } from "../pages/page.js";
import { Badge, Commands, Facts, Numbers, Panel } from "../pages/panel.js";
import { TimeChart } from "../pages/time-chart.js";
import { formatBytes, formatTime } from "../terminal/format.js";
import { binsOf } from "./bins.js";
import { formatDuration, groupText, notesOf, verdictOf } from "./format.js";
import type { RehearsalResult } from "./result.js";

const WORDS = { good: "ends", warn: "does not end by itself", bad: "aborts" } as const;
const RUNS_SHOWN_MAX = 100;

/** Renders a rehearsal as one HTML file that needs nothing else. */
export function rehearsalPage(found: RehearsalResult, images: readonly string[]): string {
  const { things, startsAt, runs } = found;
  const job = found.job as JobSetup; // the members of CreateJob have the same names as those of DescribeJob
  const flags = rolloutFlags({ ...rolloutTextsOf(job), ...scheduleTextsOf(job) });
  const { tone, text } = verdictOf(found);
  const name = images.map((image) => image.split(/[\\/]/).at(-1)).join(", ");
  return renderPage({
    title: `rehearsal of ${name}: ${text}`,
    scripts: [],
    body: (
      <>
        <header>
          <h1>Rehearsal of {name}</h1>
          <p class="dim">
            {formatNumber(things)} virtual devices · {runs.length === 1 ? "1 run" : `${runs.length} runs`} ·
            as if created at {formatTime(startsAt)}
          </p>
          <p class="dim">
            {flags.length === 0 ? (
              "Without a rate, a time limit or an abort rule."
            ) : (
              <code>{flags.join(" ")}</code>
            )}
          </p>
        </header>
        <main>
          <section id="outcome" class={`panel wide verdict ${tone}`} aria-labelledby="outcome-h">
            <Badge tone={tone}>{WORDS[tone]}</Badge>
            <h2 id="outcome-h">{sentence(text)}</h2>
            {notesOf(found).map((note) => (
              <p key={note}>{sentence(note)}</p>
            ))}
          </section>
          <OverTimePanel found={found} />
          <PercentilesPanel found={found} />
          <EndsPanel found={found} />
          <BadDevicesPanel found={found} />
          <CostPanel found={found} />
          <SuggestionPanel found={found} />
          <FleetPanel found={found} />
          <RunsPanel found={found} />
        </main>
        <footer>
          <p>Made by `fota rehearse`: virtual devices in virtual time. Nothing was changed.</p>
        </footer>
      </>
    ),
  });
}

interface PanelProps {
  found: RehearsalResult;
}

/** Answers how the rollout goes, and how much chance is in it. */
function OverTimePanel({ found: { overTime, runs, abort } }: PanelProps) {
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
                  label: `abort after ${formatDuration(abort.afterSeconds.p50)}`,
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

/** Answers by when it ends, and what it costs, with how much certainty. */
function PercentilesPanel({ found }: PanelProps) {
  const { endedAfterSeconds, devicesThatRanImage, downloadedBytes, abort } = found;
  const time = (value: number | null) => (value === null ? "never" : formatDuration(value));
  const row = <T,>(
    label: string,
    { p50, p90, p99 }: { p50: T; p90: T; p99: T },
    format: (value: T) => string,
  ) => [label, ...[p50, p90, p99].map(format)];
  return (
    <Panel id="percentiles" title="What to expect">
      <Numbers
        rows={[
          ["it ends by, in half of the runs", time(endedAfterSeconds.p50)],
          ["devices that ran the image", formatNumber(devicesThatRanImage.p50)],
        ]}
      />
      <DataTable
        caption="Percentiles of the runs"
        heads={[
          { label: "Share of the runs" },
          { label: "50 %", right: true },
          { label: "90 %", right: true },
          { label: "99 %", right: true },
        ]}
        rows={[
          row("ends by", endedAfterSeconds, time),
          row("devices that ran it", devicesThatRanImage, formatNumber),
          row("downloaded", downloadedBytes, formatBytes),
          ...(abort === null
            ? []
            : [
                row("aborts by", abort.afterSeconds, time),
                row("ran it by then", abort.devicesThatRanImage, formatNumber),
              ]),
        ]}
      />
    </Panel>
  );
}

/** Answers how far the ends of the runs are apart. */
function EndsPanel({ found: { runs, endedAfterSeconds } }: PanelProps) {
  const ends = runs.flatMap(({ endedAfterSeconds: end }) => end ?? []);
  const bins = binsOf(ends);
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
          marks={endedAfterSeconds.p50 === null ? [] : [{ value: endedAfterSeconds.p50, label: "half by" }]}
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
function BadDevicesPanel({ found: { runs, abort, abortedRuns, job } }: PanelProps) {
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
  const bins = binsOf(ran);
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
          marks={[{ value: abort.devicesThatRanImage.p50, label: "half by" }]}
          unit="runs"
          format={(value) => formatNumber(Math.round(value))}
          look={STATUS_LOOKS.failed}
        />
      )}
    </Panel>
  );
}

/** Answers what it costs. */
function CostPanel({ found: { cost, imageBytes, urlLifetimeSeconds } }: PanelProps) {
  const priced = (price: number | null) => (price === null ? "" : `, ${price.toFixed(2)} ${cost.currency}`);
  return (
    <Panel id="cost" title="Bytes and cost">
      <Facts
        rows={[
          ["image", formatBytes(imageBytes)],
          ["downloads", `${formatBytes(cost.transferBytes)}${priced(cost.transferPrice)}`],
          ["job actions", `${formatNumber(cost.jobActions)}${priced(cost.jobActionsPrice)}`],
          [
            "URL",
            urlLifetimeSeconds === null
              ? "AWS IoT presigns it for each request"
              : `works for ${formatDuration(urlLifetimeSeconds)}`,
          ],
        ]}
      />
      {cost.currency === null ? <p class="dim">fota.config.json has no prices.</p> : null}
    </Panel>
  );
}

/** Answers which rate and abort rule to use. */
function SuggestionPanel({ found: { suggestion, noSuggestion, things } }: PanelProps) {
  if (suggestion === null) {
    return (
      <Panel id="suggestion" title="Suggestion" wide>
        <p>None: {noSuggestion}.</p>
      </Panel>
    );
  }
  const { flags, runs, lateRuns, endedAfterSeconds, falseAlarms, badImages, maxBadDevices, isWithinMaxBad } =
    suggestion;
  const rows: ComponentChildren[][] = badImages.map(
    ({ kind, share, runs: all, abortedRuns, devicesThatRanImage: { p90 } }) => [
      `${kind} on ${100 * share} %`,
      `${abortedRuns} of ${all}`,
      formatNumber(p90),
      formatShare(p90, things),
    ],
  );
  return (
    <Panel id="suggestion" title="Suggestion" wide>
      <Commands
        steps={[
          {
            command: `fota publish ... ${flags.join(" ")}`,
            why: isWithinMaxBad
              ? `stops an image that fails on 30 % of the devices within ${formatNumber(maxBadDevices)} devices`
              : `${formatNumber(maxBadDevices)} devices of --max-bad are too few for a rule; this one needs the fewest`,
          },
        ]}
      />
      <DataTable
        caption="What the suggested rule does"
        heads={[
          { label: "Image" },
          { label: "Runs that abort", right: true },
          { label: "Devices that ran it", right: true },
          { label: "Share of the fleet", right: true },
        ]}
        rows={[["is good", `${falseAlarms.aborted} of ${falseAlarms.runs}`, "all", ""], ...rows]}
      />
      <p>
        With a good image it ends by{" "}
        {endedAfterSeconds.p90 === null
          ? "no time: some executions never end"
          : formatDuration(endedAfterSeconds.p90)}{" "}
        in 9 of 10 runs
        {lateRuns === 0
          ? "."
          : `, but the URL or --end is too early for some devices in ${lateRuns} of ${runs} runs.`}
      </p>
      <p class="dim">Devices are the 90th percentile of the runs.</p>
    </Panel>
  );
}

/** Answers what the devices are like. */
function FleetPanel({ found: { groups, fleetFile, learned, things } }: PanelProps) {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const source =
    learned === null
      ? fleetFile === null
        ? "no --fleet, so always online and no failures"
        : `described by ${fleetFile}`
      : `learned from ${formatNumber(learned.executions)} executions of ${learned.jobIds.join(", ")}`;
  return (
    <Panel id="fleet" title="Virtual devices" wide>
      <p>{sentence(source)}</p>
      <ul>
        {groups.map((group) => (
          <li key={group.name}>
            {groupText({ ...group, weight: Math.round((things * group.weight) / total) })}
          </li>
        ))}
      </ul>
      {(learned?.warnings ?? []).map((warning) => (
        <p key={warning} class="dim">
          {sentence(warning)}
        </p>
      ))}
    </Panel>
  );
}

/** Lists the runs. */
function RunsPanel({ found: { runs } }: PanelProps) {
  const shown = runs.slice(0, RUNS_SHOWN_MAX);
  return (
    <Panel id="runs" title="Runs" wide>
      <DataTable
        caption="Runs"
        heads={[
          { label: "Seed" },
          { label: "Result" },
          ...["Ended", "Ran it", "Succeeded", "Failed", "Timed out", "Rejected", "Canceled", "Pending"].map(
            (label) => ({
              label,
              right: true,
            }),
          ),
        ]}
        rows={shown.map(({ seed, result, endedAfterSeconds, devicesThatRanImage, counts }) => [
          String(seed),
          result,
          endedAfterSeconds === null ? "never" : formatDuration(endedAfterSeconds),
          ...[
            devicesThatRanImage,
            counts.succeeded,
            counts.failed,
            counts.timedOut,
            counts.rejected,
            counts.canceled,
            counts.queued + counts.inProgress,
          ].map(formatNumber),
        ])}
      />
      {runs.length > shown.length ? (
        <p class="dim">
          The first {shown.length} of {runs.length} runs; `--json` prints all of them.
        </p>
      ) : null}
    </Panel>
  );
}

function sentence(text: string): string {
  const first = text.startsWith("--") ? text.slice(0, 1) : text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}.`;
}
