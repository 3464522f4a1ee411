import { Area, Drawing } from "./drawing.js";
import type { Look } from "./look.js";
import { coordinate } from "./numbers.js";

interface MeterProps {
  id: string;
  title: string;
  value: number;
  /** Where the mark stands. */
  limit: number;
  /** The right end of the scale. */
  max: number;
  format: (value: number) => string;
  look: Look;
}

const TOP = 20;
const HEIGHT = 16;

/** Shows a value on a scale with the limit that it must not reach. The text beside it has the same numbers. */
export function Meter({ id, title, value, limit, max, format, look }: MeterProps) {
  const percent = (of: number) => `${coordinate(Math.min(100, Math.max(0, (of / max) * 100)))}%`;
  const isRight = limit > max / 2;
  return (
    <Drawing
      id={id}
      title={title}
      desc={`Now ${format(value)}; the limit is ${format(limit)}.`}
      height={TOP + HEIGHT + 2}
    >
      <rect class="track" y={TOP} width="100%" height={HEIGHT} />
      <Area y={TOP} width={percent(value)} height={HEIGHT} look={look} />
      <g class="mark">
        <line x1={percent(limit)} x2={percent(limit)} y1={4} y2={TOP + HEIGHT + 2} />
        <text class={isRight ? "end" : undefined} x={percent(limit)} dx={isRight ? -4 : 4} y={13}>
          limit {format(limit)}
        </text>
      </g>
    </Drawing>
  );
}
