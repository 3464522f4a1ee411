import { grouped } from "../grouped.js";
import { Scrolling } from "./data-table.js";
import { escapeHtml } from "./escape.js";
import type { Tone } from "./look.js";
import { formatNumber } from "./numbers.js";
import { rowHtml } from "./rows-html.js";

export interface ThingGroup {
  /** Names the state that the things of the group have in common. */
  label: string;
  tone: Tone;
  /** The text that the reports of all its things have in common, which their rows do not repeat. */
  report?: string;
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
  const states = grouped(present, ({ label }) => label);
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
            {states.map((some) => (
              <option key={some[0].label} value={some[0].label}>
                {some[0].label} ({formatNumber(some.reduce((sum, { rows }) => sum + rows.length, 0))})
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
          {present.map((group, i) => (
            <tbody
              key={i}
              data-state={group.label}
              dangerouslySetInnerHTML={{ __html: groupHtml(group, columns.length) }}
            />
          ))}
        </table>
      </Scrolling>
    </>
  );
}

/** Returns the rows of a group as HTML, below a row that names it. */
export function groupHtml({ label, tone, report, rows }: ThingGroup, columns: number): string {
  const text = `${label} (${formatNumber(rows.length)})${report === undefined ? "" : `: ${report}`}`;
  const head = `<tr><th class="${tone}" colspan="${columns}" scope="rowgroup">${escapeHtml(text)}`;
  return head + rows.map(rowHtml).join("");
}
