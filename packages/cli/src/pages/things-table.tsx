import { Scrolling } from "./data-table.js";
import { escapeHtml } from "./escape.js";
import type { Tone } from "./look.js";
import { formatNumber } from "./numbers.js";
import { rowHtml } from "./rows-html.js";

export interface ThingGroup {
  /** Names the state that the things of the group have in common. */
  label: string;
  tone: Tone;
  /** Holds the cells of each thing, its name first. */
  rows: readonly (readonly string[])[];
}

interface ThingsTableProps {
  id: string;
  /** Names the table for those who do not see it. */
  caption: string;
  columns: readonly string[];
  /** In the order in which a reader needs them. */
  groups: readonly ThingGroup[];
}

/**
 * Shows things, grouped by state. With `enhanceTables` on the page, a reader can filter by text and by state, and sort;
 * without a script, the whole table is there.
 */
export function ThingsTable({ id, caption, columns, groups }: ThingsTableProps) {
  const present = groups.filter(({ rows }) => rows.length > 0);
  return (
    <>
      <form class="controls" data-of={id} hidden>
        <label>
          Find <input type="search" placeholder="part of a name or report" />
        </label>
        <label>
          State{" "}
          <select>
            <option value="">all</option>
            {present.map(({ label, rows }, i) => (
              <option key={label} value={i}>
                {label} ({formatNumber(rows.length)})
              </option>
            ))}
          </select>
        </label>
        <output />
      </form>
      <Scrolling tall>
        <table id={id}>
          <caption class="sr">{caption}</caption>
          <thead>
            <tr>
              {columns.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          {present.map((group) => (
            <tbody key={group.label} dangerouslySetInnerHTML={{ __html: groupHtml(group, columns.length) }} />
          ))}
        </table>
      </Scrolling>
    </>
  );
}

function groupHtml({ label, tone, rows }: ThingGroup, columns: number): string {
  const head = `<tr><th class="${tone}" colspan="${columns}" scope="rowgroup">${escapeHtml(label)} (${formatNumber(rows.length)})`;
  return head + rows.map(rowHtml).join("");
}
