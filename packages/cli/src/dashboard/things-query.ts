import type { JobExecutionStatus } from "@fota/shared";
import { JOB_EXECUTION_STATUSES } from "@fota/shared";
import type { Execution } from "../aws/executions.js";

/** What the address of a job's page says about its table of things. */
export interface ThingsQuery {
  /** Part of a thing name; any case. */
  text: string;
  status: JobExecutionStatus | undefined;
  sort: ThingsSort;
  descending: boolean;
  /** Counts from 1. */
  page: number;
}

const THINGS_SORTS = ["thing", "status", "started", "updated"] as const;
export type ThingsSort = (typeof THINGS_SORTS)[number];

/** The rows of one page of the table. */
export interface PickedThings {
  rows: readonly Execution[];
  /** The number of executions that match. */
  matching: number;
  /** The page that is shown: the last one if the asked one does not exist. */
  page: number;
  pages: number;
}

const ROWS_PER_PAGE = 50;

/** Lists statuses in the order in which an operator needs them: failures first. */
const ORDER: readonly JobExecutionStatus[] = [
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "IN_PROGRESS",
  "QUEUED",
  "CANCELED",
  "REMOVED",
  "SUCCEEDED",
];

/** Reads the query of an address. Ignores what it does not know: an old bookmark still shows the table. */
export function parseThingsQuery(query: URLSearchParams): ThingsQuery {
  const sort = query.get("sort") ?? "";
  const name = sort.replace(/^-/, "");
  const page = Number(query.get("page") ?? "1");
  return {
    text: (query.get("q") ?? "").trim().slice(0, 128),
    status: JOB_EXECUTION_STATUSES.find((status) => status === query.get("status")),
    sort: THINGS_SORTS.find((known) => known === name) ?? "status",
    descending: sort.startsWith("-"),
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** Returns the address of a table, relative to the page; leaves out what is the default. */
export function formatThingsQuery({ text, status, sort, descending, page }: ThingsQuery): string {
  const query = new URLSearchParams();
  if (text !== "") query.set("q", text);
  if (status !== undefined) query.set("status", status);
  if (sort !== "status" || descending) query.set("sort", `${descending ? "-" : ""}${sort}`);
  if (page > 1) query.set("page", String(page));
  return `?${query}`;
}

/** Filters, sorts and pages executions. They must be sorted by thing: that is the order among equals. */
export function pickThings(executions: readonly Execution[], query: ThingsQuery): PickedThings {
  const text = query.text.toLowerCase();
  const matching = executions.filter(
    ({ thing, status }) =>
      (query.status === undefined || status === query.status) &&
      (text === "" || thing.toLowerCase().includes(text)),
  );
  const compare = COMPARE[query.sort];
  const direction = query.descending ? -1 : 1;
  if (compare !== undefined) matching.sort((a, b) => direction * compare(a, b));
  else if (query.descending) matching.reverse();
  const pages = Math.max(1, Math.ceil(matching.length / ROWS_PER_PAGE));
  const page = Math.min(query.page, pages);
  return {
    rows: matching.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE),
    matching: matching.length,
    page,
    pages,
  };
}

/** Compares by all but the thing: the executions have that order already. */
const COMPARE: Readonly<Record<ThingsSort, ((a: Execution, b: Execution) => number) | undefined>> = {
  thing: undefined,
  status: (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status),
  started: (a, b) => timeOf(a.startedAt) - timeOf(b.startedAt),
  updated: (a, b) => timeOf(a.lastUpdatedAt) - timeOf(b.lastUpdatedAt),
};

/** A thing without a time comes last in ascending order: it has not come that far. */
function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? Number.MAX_SAFE_INTEGER;
}
