import type { ComponentChildren } from "preact";
import { DataTable } from "../pages/data-table.js";
import { formatNumber, formatShare } from "../pages/numbers.js";
import { Commands, Facts, Numbers, Panel } from "../pages/panel.js";
import { formatBytes } from "../terminal/format.js";
import type { PanelProps } from "./panel-props.js";
import { countRuns, formatDuration } from "./words.js";

/** Answers by when it ends, and what it costs, with how much certainty. */
export function PercentilesPanel({ found }: PanelProps) {
  const { endedAfterSeconds, devicesThatRanImage, downloadedBytes, abort, abortedRuns, runs } = found;
  const heads = (label: string) => [
    { label },
    ...["50 %", "90 %", "99 %"].map((share) => ({ label: share, right: true })),
  ];
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
          ["devices that ran the image, at most, in half of the runs", formatNumber(devicesThatRanImage.p50)],
        ]}
      />
      <DataTable
        caption="Percentiles of the runs"
        heads={heads(`Share of ${runs.length === 1 ? "the run" : `all ${runs.length} runs`}`)}
        rows={[
          row("ends by", endedAfterSeconds, time),
          row("devices that ran it", devicesThatRanImage, formatNumber),
          row("downloaded", downloadedBytes, formatBytes),
        ]}
      />
      {abort === null ? null : (
        <DataTable
          caption="Percentiles of the runs that abort"
          heads={heads(
            `Share of the ${countRuns(abortedRuns)} that ${abortedRuns === 1 ? "aborts" : "abort"}`,
          )}
          rows={[
            row("aborts by", abort.afterSeconds, time),
            row("devices that ran it by then", abort.devicesThatRanImage, formatNumber),
          ]}
        />
      )}
    </Panel>
  );
}

/** Answers what it costs. */
export function CostPanel({ found: { cost, imageBytes, urlLifetimeSeconds } }: PanelProps) {
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
export function SuggestionPanel({ found: { suggestion, noSuggestion, things } }: PanelProps) {
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
