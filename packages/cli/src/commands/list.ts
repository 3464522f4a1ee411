import { FotaError } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import type { ListOptions } from "../list/query.js";
import type { JobList, ListedJobResult } from "../list/result.js";
import type { Column } from "../terminal/table.js";

interface Options extends ListOptions {
  columns?: string;
  csv?: boolean;
  utc?: boolean;
}

const HELP = `
Columns: job, status, execution (with --target <thing>: how the job stands
there), kind, created, updated, ended, arn; total, succeeded, unsuccessful and
pending, which take a request for each job, as --counts does. A list on a
terminal goes through $FOTA_PAGER, $PAGER or less; FOTA_PAGER=cat turns that
off. In CSV and JSON times are ISO 8601.

Examples:
  $ fota list --status in-progress,scheduled --counts
  $ fota list --target group:beta --since 7d
  $ fota list --target thermostat-7
  $ fota list --limit 500 --columns job,ended --csv`;

export function listCommand(contextOf: ContextOf): Command {
  return new Command("list")
    .summary("list jobs, newest first")
    .description("List jobs, newest first.")
    .option("--status <names>", "only these: in-progress, scheduled, completed, canceled")
    .option("--target <target>", "only those of a thing, of group:<name> or of an ARN of either")
    .option("--since <when>", 'only those created since: 2h, 7d, 2026-11-24, "2026-11-24 05:00" (UTC)')
    .option("--limit <number>", "show so many (default: 20)")
    .option("--counts", "with the counts of each job")
    .option("--columns <names>", "columns of the list, with commas between them")
    .option("--csv", "print CSV")
    .option("--utc", "times as dates in UTC, not relative to now")
    .addHelpText("after", HELP)
    .action(async (options: Options, command: Command) => {
      await runList(await contextOf(command), options);
    });
}

async function runList(context: Context, options: Options): Promise<void> {
  const { host, output } = context;
  const { csv = false, utc = false } = options;
  if (csv && output.json) throw new FotaError("USAGE", "--csv and --json do not go together");
  const [
    { LIMIT_MAX, listQuery },
    { COUNT_COLUMNS, jobColumns, usualColumns },
    { pickColumns },
    { timeFormat },
  ] = await Promise.all([
    import("../list/query.js"),
    import("../list/columns.js"),
    import("../terminal/table.js"),
    import("../status/view.js"),
  ]);
  const now = new Date();
  const asked = listQuery(options, now);
  const usual = usualColumns({ counts: asked.counts, ofThing: asked.target?.kind === "thing", csv });
  const columns = pickColumns(jobColumns(csv ? (iso) => iso : timeFormat(utc, now)), usual, options.columns);
  const counts = asked.counts || columns.some(({ name }) => COUNT_COLUMNS.includes(name));
  const query = { ...asked, counts };

  const access = await context.access();
  const [{ openIot }, { withThrottleRetry }, { listMatching }] = await Promise.all([
    import("../aws/iot.js"),
    import("../aws/throttle-retry.js"),
    import("../list/list.js"),
  ]);
  const iot = openIot(access, host.signal);
  try {
    await iot.identity();
    const list = await output.during("reading jobs", (progress) => {
      const onWait = (delayMs: number) =>
        progress(`AWS throttles: going on in ${Math.ceil(delayMs / 1000)} s`);
      const patientIot = withThrottleRetry(iot, { signal: host.signal, onWait });
      return listMatching(patientIot, query, (count) => progress(`${count} jobs read`));
    });
    await show(context, list, columns, csv);
    if (list.more)
      output.note(
        `there are older ones: ${olderCommand(options, Math.min(query.limit * 5, LIMIT_MAX), context.flags)}`,
      );
  } finally {
    iot.close();
  }
}

/** The command line again, for five times as many. */
function olderCommand({ status, target, since, counts }: Options, limit: number, flags: string): string {
  const given = Object.entries({ status, target, since }).flatMap(([name, value]) =>
    value === undefined ? [] : [` --${name} ${/\s/.test(value) ? JSON.stringify(value) : value}`],
  );
  return `fota list${given.join("")} --limit ${limit}${counts === true ? " --counts" : ""}${flags}`;
}

async function show(
  { host, output }: Context,
  list: JobList,
  columns: readonly Column<ListedJobResult>[],
  csv: boolean,
): Promise<void> {
  const { csvOf, formatTable } = await import("../terminal/table.js");
  if (csv) {
    const { head, line } = csvOf(columns);
    output.result(list, [head, ...list.jobs.map(line)].join("\n"));
    return;
  }
  if (output.json || list.jobs.length === 0) {
    output.result(list, "no job matches");
    return;
  }
  const { openSink } = await import("../terminal/sink.js");
  const sink = await openSink(host, { paged: true });
  await sink.write(`${formatTable(list.jobs, columns, output.paint, output.columns)}\n`);
  await sink.close();
}
