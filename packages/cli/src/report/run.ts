import { basename, extname, resolve } from "node:path";
import { FotaError } from "@fota/shared";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { checkReplaceable, PAGE_MARK, type ReportFile, writeReportFile } from "../files/report-file.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { given } from "../given.js";
import { LAST_JOB } from "../job/job-id.js";
import { thingColumns, USUAL_CSV_COLUMNS } from "../status/columns.js";
import { formatBytes } from "../terminal/format.js";
import { csvOf, pickColumns } from "../terminal/table.js";
import { readReport } from "./read.js";
import { type ReportModel, reportModel } from "./report-model.js";
import { reportPage } from "./report-page.js";
import type { WrittenReport } from "./result.js";

/** Holds the options of `fota report`, as commander names them. */
export interface ReportOptions {
  out?: string;
  csv?: boolean;
}

/**
 * Runs `fota report`: of the newest job if none is given.
 * @throws {FotaError} USAGE, JOB_NOT_FOUND, FILE_ACCESS, INTERRUPTED and translated AWS errors
 */
export async function runReport(
  context: Context,
  job: string = LAST_JOB,
  { out, csv = false }: ReportOptions,
): Promise<void> {
  const { host, output } = context;
  checkJobText(job);
  // Find what cannot be replaced before the long part.
  if (out !== undefined) await checkAll(filesOf(host.cwd, out, csv));
  await withCloud(context, async (cloud) => {
    const input = await onJob(context, cloud.iot, job, (jobId) =>
      output.during(`reading job ${jobId}`, (progress) => readReport(context, cloud, jobId, progress)),
    );
    const model = reportModel(input);
    const [html, table] = filesOf(host.cwd, out ?? `${fileNameOf(model.jobId)}.html`, csv);
    if (out === undefined) await checkAll([html, table]);
    const csvName = table === undefined ? undefined : basename(table.path);
    const page = reportPage(model, { csvName, place: placeOf(input.job.jobArn) });
    if (host.signal.aborted) throw new FotaError("INTERRUPTED", "interrupted; nothing was written");
    // The report refers to the table, so the table comes first.
    if (table !== undefined) {
      const { head, line } = csvColumns();
      await writeReportFile(table, `${[head, ...input.executions.map(line)].join("\n")}\n`);
    }
    await writeReportFile(html, page);
    const result = resultOf(model, html, table, Buffer.byteLength(page));
    output.result(result, formatWritten(result, model, context));
  });
}

/** Returns the HTML file, and the CSV file beside it with `--csv`. @throws {FotaError} USAGE */
function filesOf(cwd: string, out: string, csv: boolean): [ReportFile, ReportFile | undefined] {
  if (/\.csv$/i.test(out)) {
    throw new FotaError("USAGE", `--out names the HTML file, got ${JSON.stringify(out)}`, {
      hint: "write --out report.html --csv: the CSV file gets the same name",
    });
  }
  const html = { name: out, path: resolve(cwd, out), mark: PAGE_MARK, option: "--out" };
  if (!csv) return [html, undefined];
  const name = `${out.slice(0, out.length - extname(out).length)}.csv`;
  const mark = new RegExp(`^${csvColumns().head}$`, "m");
  return [html, { name, path: resolve(cwd, name), mark, option: "--out" }];
}

/** Returns a job id as the name of a file. AWS allows no other characters in an id; another service might. */
function fileNameOf(jobId: string): string {
  return jobId.replace(/[^\w-]/g, "_");
}

async function checkAll(files: readonly (ReportFile | undefined)[]): Promise<void> {
  for (const file of files) if (file !== undefined) await checkReplaceable(file);
}

function csvColumns() {
  return csvOf(
    pickColumns(
      thingColumns((iso) => iso),
      USUAL_CSV_COLUMNS,
      undefined,
    ),
  );
}

/** Formats the region and the account of an ARN. */
function placeOf(arn: string): string {
  const [, , , region = "", account = ""] = arn.split(":");
  return `${region}, account ${account}`;
}

function resultOf(
  { jobId, summary, verdict, things, detailsLeftOut }: ReportModel,
  html: ReportFile,
  table: ReportFile | undefined,
  bytes: number,
): WrittenReport {
  return {
    jobId,
    status: summary.status,
    verdict: verdict.word,
    explanation: verdict.explanation,
    path: html.name,
    bytes,
    csvPath: table?.name ?? null,
    things: things.total,
    ...given({ unreached: summary.unreached }),
    embedded: things.embedded,
    detailsLeftOut,
    unknown: [...verdict.unknown],
  };
}

function formatWritten(
  { path, bytes, csvPath, things, embedded }: WrittenReport,
  { verdict, jobId }: ReportModel,
  { output }: Context,
): string {
  const { paint } = output;
  const more =
    embedded < things && csvPath === null
      ? [`it lists ${embedded} of ${things} things; --csv writes all of them to a file`]
      : [];
  return [
    `${paint("green", "✔")} ${path}  ${formatBytes(bytes)}`,
    ...(csvPath === null ? [] : [`${paint("green", "✔")} ${csvPath}`]),
    `${jobId}: ${verdict.word}, ${verdict.headline}`,
    ...more,
  ].join("\n");
}
