import { nice, ticks } from "d3-array";
import { ChartNumbers } from "./data-table.js";
import { Drawing, Swatch } from "./drawing.js";
import type { Look } from "./look.js";
import { coordinate, formatNumber } from "./numbers.js";
import { type TimeScale, timeFormatOf, timeTicks } from "./time-axis.js";

export interface Series {
  label: string;
  look: Look;
  /** Fills the area below the line. */
  filled?: boolean;
  /** One for each time; `null` where there is none. */
  values: readonly (number | null)[];
  /** Lower and upper values of a band around the line, one for each time. */
  band?: { low: readonly number[]; high: readonly number[] };
}

/** Marks a moment with a vertical line. */
export interface Mark {
  atMs: number;
  label: string;
}

interface TimeChartProps {
  id: string;
  title: string;
  /** Says in a sentence what the chart shows. */
  desc: string;
  scale: TimeScale;
  /** In ascending order, in milliseconds. */
  times: readonly number[];
  series: readonly Series[];
  marks?: readonly Mark[];
}

const HEIGHT = 230;
const TOP = 18;
const BOTTOM = 200;
/** Width of the coordinates inside, which stretch to the width of the page. */
const WIDTH = 1000;
const MARK_LINE = 15;
/** Part of the width that the labels of the vertical axis may take on a phone. */
const AXIS_LABELS = 0.15;

/** Shows how numbers change over time. */
export function TimeChart({ id, title, desc, scale, times, series, marks = [] }: TimeChartProps) {
  const fromMs = times[0] ?? 0;
  const toMs = Math.max(fromMs + 1, times.at(-1) ?? 0);
  const spanMs = toMs - fromMs;
  const [, top] = nice(0, Math.max(1, ...series.flatMap(highest)), 4);
  const xOf = (ms: number) => (ms - fromMs) / spanMs;
  const yOf = (value: number) => TOP + (BOTTOM - TOP) * (1 - value / top);
  const point = (ms: number, value: number) =>
    `${Math.round(xOf(ms) * WIDTH)} ${coordinate(yOf(value) - TOP)}`;
  const format = timeFormatOf(scale, spanMs);
  const inside = marks.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  return (
    <figure>
      <Drawing id={id} title={title} desc={desc} height={HEIGHT}>
        {ticks(0, top, Math.min(4, top)).map((value) => (
          <g key={value}>
            <line class="grid" x2="100%" y1={coordinate(yOf(value))} y2={coordinate(yOf(value))} />
            <text x="0" y={coordinate(yOf(value) - 4)}>
              {formatNumber(value)}
            </text>
          </g>
        ))}
        <svg
          y={TOP}
          width="100%"
          height={BOTTOM - TOP}
          viewBox={`0 0 ${WIDTH} ${BOTTOM - TOP}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {series.map((each) => (
            <SeriesPaths key={each.label} series={each} times={times} point={point} />
          ))}
        </svg>
        {timeTicks(fromMs, toMs, 5).map((ms, i) => (
          <text
            key={ms}
            class={`${anchorOf(xOf(ms))}${i % 2 === 1 ? " spare" : ""}`}
            x={percent(xOf(ms))}
            y={BOTTOM + 18}
          >
            {format(ms)}
          </text>
        ))}
        {inside.map(({ atMs, label }, i) => (
          <g key={label} class="mark">
            <line x1={percent(xOf(atMs))} x2={percent(xOf(atMs))} y1={TOP - 12} y2={BOTTOM} />
            <text
              class={xOf(atMs) > 0.5 ? "end" : undefined}
              x={percent(xOf(atMs))}
              dx={xOf(atMs) > 0.5 ? -4 : 4}
              y={TOP - 3 + (i + (xOf(atMs) < AXIS_LABELS ? 1 : 0)) * MARK_LINE}
            >
              {label}
            </text>
          </g>
        ))}
      </Drawing>
      <figcaption>
        {series.map(({ label, look, filled }) => (
          <span key={label} class="key">
            <Swatch look={look} line={filled !== true} />
            {label}
          </span>
        ))}
        <span class="key">{scale === "utc" ? "times in UTC" : "time since the start"}</span>
      </figcaption>
      <ChartNumbers
        caption={title}
        heads={[
          "Time",
          ...series.flatMap(({ label, band }) => [
            label,
            ...(band === undefined ? [] : [`${label}, low`, `${label}, high`]),
          ]),
        ]}
        rows={times.map((ms, i) => [
          format(ms),
          ...series.flatMap(({ values, band }) => [
            cellOf(values[i]),
            ...(band === undefined ? [] : [cellOf(band.low[i]), cellOf(band.high[i])]),
          ]),
        ])}
      />
    </figure>
  );
}

interface SeriesPathsProps {
  series: Series;
  times: readonly number[];
  point: (ms: number, value: number) => string;
}

function SeriesPaths({ series: { look, filled, values, band }, times, point }: SeriesPathsProps) {
  const points = times.flatMap((ms, i) => {
    const value = values[i];
    return value === null || value === undefined ? [] : [{ ms, at: point(ms, value) }];
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const line = `M${points.map(({ at }) => at).join("L")}`;
  return (
    <g class={look.tone}>
      {band === undefined ? null : <path class="band" d={`${bandPath(band, times, point)}Z`} />}
      {filled === true ? (
        <path class="area" d={`${line}L${point(last.ms, 0)}L${point(first.ms, 0)}Z`} />
      ) : null}
      <path class="line" d={line} stroke-dasharray={look.dash} />
    </g>
  );
}

function bandPath(
  { low, high }: NonNullable<Series["band"]>,
  times: readonly number[],
  point: SeriesPathsProps["point"],
): string {
  const upper = times.map((ms, i) => point(ms, high[i] ?? 0));
  const lower = times.map((ms, i) => point(ms, low[i] ?? 0)).reverse();
  return `M${[...upper, ...lower].join("L")}`;
}

function highest({ values, band }: Series): number[] {
  return [...values.map((value) => value ?? 0), ...(band?.high ?? [])];
}

function percent(share: number): string {
  return `${coordinate(share * 100)}%`;
}

/** Keeps the first and the last label inside the drawing. */
function anchorOf(share: number): string {
  return share < 0.05 ? "start" : share > 0.95 ? "end" : "mid";
}

function cellOf(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : formatNumber(value);
}
