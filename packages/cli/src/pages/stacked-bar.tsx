import { DataTable } from "./data-table.js";
import { Area, Drawing, Swatch } from "./drawing.js";
import type { Look } from "./look.js";
import { coordinate, formatNumber, formatShare } from "./numbers.js";

export interface BarPart {
  label: string;
  count: number;
  look: Look;
}

interface StackedBarProps {
  id: string;
  title: string;
  /** In the order in which they are drawn. */
  parts: readonly BarPart[];
  /** Names what the counts count: `things`. */
  unit: string;
  /** Names what the parts are. @default "Status" */
  kind?: string;
}

const HEIGHT = 28;
/** A part that is there stays visible: one failure among 10,000 things, in percent of the width. */
const PART_MIN = 1;

/** Shows the shares of a total as one bar, with a table of all counts below that is also its legend. */
export function StackedBar({ id, title, parts, unit, kind = "Status" }: StackedBarProps) {
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  const present = parts.filter(({ count }) => count > 0);
  const wanted = present.map(({ count }) => Math.max(PART_MIN, (count / total) * 100));
  const scale = 100 / wanted.reduce((sum, width) => sum + width, 0);
  let x = 0;
  const areas = present.map(({ label, count, look }, i) => {
    const width = (wanted[i] ?? 0) * scale;
    const tip = `${label}: ${formatNumber(count)} (${formatShare(count, total)})`;
    const place = { x: `${coordinate(x)}%`, width: `${coordinate(width)}%`, height: HEIGHT };
    x += width;
    return <Area key={label} {...place} look={look} tip={tip} />;
  });
  const desc = present.map(({ label, count }) => `${label} ${formatNumber(count)}`).join(", ");
  return (
    <figure>
      {total === 0 ? null : (
        <Drawing id={id} title={title} desc={`Of ${formatNumber(total)} ${unit}: ${desc}.`} height={HEIGHT}>
          {areas}
        </Drawing>
      )}
      <DataTable
        caption={title}
        heads={[{ label: kind }, { label: unit, right: true }, { label: "Share", right: true }]}
        rows={parts.map(({ label, count, look }) => [
          <>
            <Swatch look={look} />
            {label}
          </>,
          formatNumber(count),
          formatShare(count, total),
        ])}
      />
    </figure>
  );
}
