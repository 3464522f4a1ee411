import { FotaError } from "@fota/shared";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { timeFormat } from "../status/view.js";
import type { Output } from "../terminal/output.js";
import { openSink } from "../terminal/sink.js";
import { type Column, csvOf, formatTable, pickColumns } from "../terminal/table.js";
import { COUNT_COLUMNS, DETAIL_COLUMNS, jobColumns, usualColumns } from "./columns.js";
import { DETAILED_MAX, listMatching } from "./list.js";
import { type Details, LIMIT_MAX, type ListOptions, listQuery } from "./query.js";
import type { JobList, ListedJobResult } from "./result.js";

/** Holds the options of `fota list`, as commander names them. */
export interface ListCommandOptions extends ListOptions {
  columns?: string;
  csv?: boolean;
  utc?: boolean;
}

/** Runs `fota list`. @throws {FotaError} USAGE, TARGET_INVALID and translated AWS errors */
export async function runList(context: Context, options: ListCommandOptions): Promise<void> {
  const { host, output } = context;
  const { csv = false, utc = false } = options;
  if (csv && output.json) throw new FotaError("USAGE", "--csv and --json cannot be used together");
  const now = new Date();
  const asked = listQuery(options, now);
  const counts = asked.details === "all";
  const usual = usualColumns({
    counts,
    ofThing: asked.target?.kind === "thing",
    csv,
    utc,
  });
  const time = csv ? (iso: string) => iso : timeFormat(utc, now);
  const columns = pickColumns(jobColumns(time, { counts }), usual, options.columns);
  const names = columns.map(({ name }) => name);
  const query = { ...asked, details: detailsFor(names, options, output) };
  await withIot(context, async (iot) => {
    const list = await output.during("reading jobs", (progress) => {
      const onWait = (delayMs: number) =>
        progress(`AWS throttles requests: continuing in ${Math.ceil(delayMs / 1000)} s`);
      const patientIot = withThrottleRetry(iot, { signal: host.signal, onWait });
      return listMatching(patientIot, query, {
        onCount: (count) => progress(`${count} jobs read`),
        onDenied: ({ message }) => output.warn(`the list lacks targets and outcomes: ${message}`),
      });
    });
    await show(context, list, columns, csv);
    if (query.details === "newest" && list.jobs.length > DETAILED_MAX) {
      output.note(
        `targets and outcomes of the newest ${DETAILED_MAX} jobs were read; --counts reads them all`,
      );
    }
    if (list.more)
      output.note(
        `there are older ones: ${output.fota(...olderThan(options, Math.min(query.limit * 5, LIMIT_MAX)))}`,
      );
  });
}

/** Returns which jobs need details: the default columns only for the newest jobs, requested columns for all. */
function detailsFor(
  names: readonly string[],
  { counts, columns }: ListCommandOptions,
  { json }: Pick<Output, "json">,
): Details {
  const has = (some: readonly string[]) => names.some((name) => some.includes(name));
  if (counts === true || has(COUNT_COLUMNS)) return "all";
  if (!has(DETAIL_COLUMNS)) return "none";
  if (columns !== undefined) return "all";
  return json ? "none" : "newest";
}

/** Returns the same command with a limit five times as high. */
function olderThan({ status, target, since, counts }: ListCommandOptions, limit: number): string[] {
  const given = Object.entries({ status, target, since }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return ["list", ...given, "--limit", String(limit), ...(counts === true ? ["--counts"] : [])];
}

async function show(
  { host, output }: Context,
  list: JobList,
  columns: readonly Column<ListedJobResult>[],
  csv: boolean,
): Promise<void> {
  if (csv) {
    const { head, line } = csvOf(columns);
    output.result(list, [head, ...list.jobs.map(line)].join("\n"));
    return;
  }
  if (output.json || list.jobs.length === 0) {
    output.result(list, "no job matches");
    return;
  }
  const sink = await openSink(host, { paged: true });
  await sink.write(`${formatTable(list.jobs, columns, output.paint, output.columns)}\n`);
  await sink.close();
}
