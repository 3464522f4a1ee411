import { isTerminal, JOB_EXECUTION_STATUSES } from "@fota/shared";
import type { Execution } from "../aws/executions.js";
import { COUNT_KEYS, type ExecutionCounts } from "../aws/jobs.js";
import { Scrolling } from "../pages/data-table.js";
import { formatNumber } from "../pages/numbers.js";
import { ThingName } from "../pages/page-links.js";
import { Badge, Panel } from "../pages/panel.js";
import { reportText } from "../status/format.js";
import type { ThingSummary } from "../status/result.js";
import { formatAgo, formatSeconds } from "../terminal/format.js";
import { toneOfStatus } from "./status-tone.js";
import { formatThingsQuery, type PickedThings, type ThingsQuery, type ThingsSort } from "./things-query.js";

interface ThingsPanelProps {
  picked: PickedThings;
  query: ThingsQuery;
  /** Of the whole job. */
  counts: ExecutionCounts;
  summaryOf: (execution: Execution) => ThingSummary;
  now: Date;
}

const COLUMNS: readonly { label: string; sort?: ThingsSort }[] = [
  { label: "Thing", sort: "thing" },
  { label: "Status", sort: "status" },
  { label: "Report" },
  { label: "Try" },
  { label: "Started", sort: "started" },
  { label: "Updated", sort: "updated" },
  { label: "Duration" },
];

/** Shows one page of the things of a job. Filters, orders and pages are addresses, so it works without a script. */
export function ThingsPanel({ picked, query, counts, summaryOf, now }: ThingsPanelProps) {
  const { rows, matching } = picked;
  return (
    <Panel id="things" title="Things" wide>
      <form class="controls" method="get" data-live>
        <label>
          Find{" "}
          <input type="search" name="q" value={query.text} placeholder="part of a name" maxLength={128} />
        </label>
        <label>
          Status{" "}
          <select name="status">
            <option value="">all</option>
            {JOB_EXECUTION_STATUSES.filter(
              (status) => counts[COUNT_KEYS[status]] > 0 || status === query.status,
            ).map((status) => (
              <option key={status} value={status} selected={status === query.status}>
                {status} ({formatNumber(counts[COUNT_KEYS[status]])})
              </option>
            ))}
          </select>
        </label>
        {query.sort === "status" && !query.descending ? null : (
          <input type="hidden" name="sort" value={`${query.descending ? "-" : ""}${query.sort}`} />
        )}
        <button type="submit">Show</button>
        <output>{matching === 1 ? "1 execution" : `${formatNumber(matching)} executions`}</output>
      </form>
      <Scrolling>
        <table>
          <caption class="sr">Things of the job</caption>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <ColumnHead key={column.label} {...column} query={query} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((execution) => (
              <Row key={rowKey(execution)} execution={execution} summary={summaryOf(execution)} now={now} />
            ))}
          </tbody>
        </table>
      </Scrolling>
      {rows.length === 0 ? <p class="dim">No execution matches.</p> : null}
      <Pager picked={picked} query={query} />
    </Panel>
  );
}

function ColumnHead({
  label,
  sort,
  query,
}: {
  label: string;
  sort?: ThingsSort | undefined;
  query: ThingsQuery;
}) {
  if (sort === undefined) return <th scope="col">{label}</th>;
  const isSorted = query.sort === sort;
  const descending = isSorted && !query.descending;
  const order = isSorted ? (query.descending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" aria-sort={order}>
      <a href={formatThingsQuery({ ...query, sort, descending, page: 1 })}>
        {label}
        {order === undefined ? "" : order === "ascending" ? " ↑" : " ↓"}
      </a>
    </th>
  );
}

interface RowProps {
  execution: Execution;
  summary: ThingSummary;
  now: Date;
}

function Row({ execution, summary, now }: RowProps) {
  const { thing, status, executionNumber, startedAt, lastUpdatedAt } = execution;
  const ago = (time: Date | undefined) => (time === undefined ? "" : formatAgo(time, now));
  return (
    <tr data-key={rowKey(execution)}>
      <th scope="row">
        <ThingName name={thing} />
      </th>
      <td>
        <Badge tone={toneOfStatus(status)}>{status}</Badge>
      </td>
      <td>{reportText(summary)}</td>
      <td>{executionNumber}</td>
      <td>{ago(startedAt)}</td>
      <td>{ago(lastUpdatedAt)}</td>
      <td>{durationText(execution, now)}</td>
    </tr>
  );
}

/** Shows how long the thing worked on the job so far. */
function durationText({ status, startedAt, lastUpdatedAt }: Execution, now: Date): string {
  if (startedAt === undefined) return "";
  const end = isTerminal(status) ? lastUpdatedAt : now;
  return end === undefined ? "" : formatSeconds(Math.max(0, (end.getTime() - startedAt.getTime()) / 1000));
}

function Pager({ picked: { page, pages }, query }: { picked: PickedThings; query: ThingsQuery }) {
  if (pages === 1) return null;
  const link = (to: number, text: string) =>
    to < 1 || to > pages || to === page ? (
      <span class="dim">{text}</span>
    ) : (
      <a href={formatThingsQuery({ ...query, page: to })}>{text}</a>
    );
  return (
    <nav class="pager" aria-label="Pages of things">
      {link(1, "first")} {link(page - 1, "previous")}{" "}
      <span>
        page {formatNumber(page)} of {formatNumber(pages)}
      </span>{" "}
      {link(page + 1, "next")} {link(pages, "last")}
    </nav>
  );
}

function rowKey({ thing, executionNumber }: Execution): string {
  return `${thing} ${executionNumber}`;
}
