import type { ComponentChildren } from "preact";
import { headHtml, rowHtml } from "./rows-html.js";

interface Head {
  label: string;
  /** Aligns the column to the right, for numbers. */
  right?: boolean;
}

interface DataTableProps {
  /** Names the table for those who do not see it. */
  caption: string;
  heads: readonly Head[];
  /** Holds the cells of each row; the first cell names the row. */
  rows: readonly (readonly ComponentChildren[])[];
}

/** Shows a table. */
export function DataTable({ caption, heads, rows }: DataTableProps) {
  const classOf = (i: number) => (heads[i]?.right === true ? "n" : undefined);
  return (
    <Scrolling>
      <table>
        <caption class="sr">{caption}</caption>
        <thead>
          <tr>
            {heads.map(({ label }, i) => (
              <th key={label} scope="col" class={classOf(i)}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, i) =>
                i === 0 ? (
                  <th key={i} scope="row" class={classOf(i)}>
                    {cell}
                  </th>
                ) : (
                  <td key={i} class={classOf(i)}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

interface ChartNumbersProps {
  caption: string;
  heads: readonly string[];
  /** Holds the cells of each row; the first cell names the row, the others are numbers. */
  rows: readonly (readonly string[])[];
}

/** Shows the numbers of a chart as a table that opens on demand, and on paper. */
export function ChartNumbers({ caption, heads, rows }: ChartNumbersProps) {
  return (
    <details>
      <summary>Numbers of this chart</summary>
      <Scrolling>
        <table class="num">
          <caption class="sr">{caption}</caption>
          <thead dangerouslySetInnerHTML={{ __html: headHtml(heads) }} />
          <tbody dangerouslySetInnerHTML={{ __html: rows.map(rowHtml).join("") }} />
        </table>
      </Scrolling>
    </details>
  );
}

/** Lets its content scroll by itself where the screen is narrow, with the keyboard, too. */
export function Scrolling({ tall = false, children }: { tall?: boolean; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <div class={tall ? "scroll tall" : "scroll"} tabIndex={0}>
      {children}
    </div>
  );
}
