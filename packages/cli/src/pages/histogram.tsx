import { nice, ticks } from "d3-array";
import { ChartNumbers } from "./data-table.js";
import { Area, Drawing } from "./drawing.js";
import type { Look } from "./look.js";
import { coordinate, formatNumber } from "./numbers.js";

/** Counts the values from `from` up to, but not including, `to`. */
export interface Bin {
  from: number;
  to: number;
  count: number;
}

interface HistogramProps {
  id: string;
  title: string;
  /** Says in a sentence what the chart shows. */
  desc: string;
  /** Adjoining, in ascending order; all are drawn with the same width. */
  bins: readonly Bin[];
  /** Marks values with a vertical line, such as the median. */
  marks: readonly { value: number; label: string }[];
  /** Names what the counts count: `things`. */
  unit: string;
  format: (value: number) => string;
  look: Look;
}

const HEIGHT = 182;
/** The labels of two marks are above. */
const TOP = 44;
const BOTTOM = 158;
const MARK_LINE = 14;
/** Percent of the width for the scale of counts, beside the bars. */
const SCALE_WIDTH = 10;
/** More labels than this would overlap on a phone. */
const LABELS_MAX = 5;

/** Shows how values are distributed, with a scale of counts and a scale of values. */
export function Histogram({ id, title, desc, bins, marks, unit, format, look }: HistogramProps) {
  const [, top] = nice(0, Math.max(1, ...bins.map(({ count }) => count)), 4);
  const width = (100 - SCALE_WIDTH) / bins.length;
  const every = Math.ceil((bins.length + 1) / LABELS_MAX);
  const edges = [...bins.map(({ from }) => from), ...bins.slice(-1).map(({ to }) => to)];
  return (
    <figure>
      <Drawing id={id} title={title} desc={desc} height={HEIGHT}>
        {ticks(0, top, Math.min(2, top)).map((value) => {
          const y = coordinate(BOTTOM - ((BOTTOM - TOP) * value) / top);
          return <line key={value} class="grid" x2="100%" y1={y} y2={y} />;
        })}
        {bins.map(({ from, to, count }, i) => {
          const height = count === 0 ? 0 : Math.max(2, ((BOTTOM - TOP) * count) / top);
          return height === 0 ? null : (
            <Area
              key={from}
              x={`${coordinate(SCALE_WIDTH + i * width + width * 0.06)}%`}
              y={Math.round(BOTTOM - height)}
              width={`${coordinate(width * 0.88)}%`}
              height={Math.round(height)}
              look={look}
              tip={`${format(from)} to ${format(to)}: ${formatNumber(count)}`}
            />
          );
        })}
        {ticks(0, top, Math.min(2, top)).map((value) =>
          value === 0 ? null : (
            <text key={value} x="0" y={coordinate(BOTTOM - ((BOTTOM - TOP) * value) / top - 4)}>
              {formatNumber(value)}
            </text>
          ),
        )}
        {edges.map((edge, i) =>
          i % every === 0 ? (
            <text
              key={edge}
              class={i === 0 ? "start" : i === edges.length - 1 ? "end" : "mid"}
              x={`${coordinate(SCALE_WIDTH + i * width)}%`}
              y={BOTTOM + 18}
            >
              {format(edge)}
            </text>
          ) : null,
        )}
        {marks.map(({ value, label }, i) => {
          const x = SCALE_WIDTH + placeOf(value, bins) * width;
          return (
            <g key={label} class="mark">
              <line x1={`${coordinate(x)}%`} x2={`${coordinate(x)}%`} y1={4} y2={BOTTOM} />
              <text
                class={x > 50 ? "end" : undefined}
                x={`${coordinate(x)}%`}
                dx={x > 50 ? -4 : 4}
                y={12 + i * MARK_LINE}
              >
                {label} {format(value)}
              </text>
            </g>
          );
        })}
      </Drawing>
      <figcaption>
        <span class="key">height: {unit} in each range</span>
      </figcaption>
      <ChartNumbers
        caption={title}
        heads={["Range", unit]}
        rows={[
          ...bins.map(({ from, to, count }) => [`${format(from)} to ${format(to)}`, formatNumber(count)]),
          ...marks.map(({ value, label }) => [label, format(value)]),
        ]}
      />
    </figure>
  );
}

/** Returns where a value lies, counted in bins from the left. */
function placeOf(value: number, bins: readonly Bin[]): number {
  const index = bins.findIndex(({ to }) => value < to);
  const bin = bins[index];
  if (bin === undefined) return bins.length;
  return index + Math.max(0, (value - bin.from) / (bin.to - bin.from));
}
