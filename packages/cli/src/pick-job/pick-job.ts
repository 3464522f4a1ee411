import { FotaError } from "@fota/shared";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { noJobYet } from "../find-job/on-job.js";
import { listMatching } from "../list/list.js";
import { listQuery } from "../list/query.js";
import type { ListedJobResult } from "../list/result.js";
import { jobRowColumns } from "../status/job-columns.js";
import { timeFormat } from "../status/view.js";
import type { Output } from "../terminal/output.js";
import { type Column, formatTable } from "../terminal/table.js";
import { JOBS_SHOWN_MAX, OFFERS, type OfferKind } from "./offers.js";

type NumberedJob = ListedJobResult & { number: string };

/**
 * Shows the newest jobs that a command can work on on stderr and asks for one of them, for a command without a job
 * argument. Returns its id, or the answer itself if it is not a number: any text that names a job.
 * @throws {FotaError} DECLINED for an empty answer, JOB_NOT_FOUND when there is no such job, INTERRUPTED
 */
export async function pickJob(context: Context, kind: OfferKind): Promise<string> {
  const { output } = context;
  const { statuses, accepts, readMax, none } = OFFERS[kind];
  const jobs = await withIot(context, (iot) =>
    output.during("reading jobs", async () => {
      const query = listQuery({ limit: String(readMax) }, new Date());
      const list = await listMatching(
        iot,
        { ...query, statuses: [...statuses], details: "newest" },
        {
          onCount: () => {},
          onDenied: ({ message }) => output.warn(`the list lacks targets and outcomes: ${message}`),
        },
      );
      return list.jobs.filter(accepts).slice(0, JOBS_SHOWN_MAX);
    }),
  );
  if (jobs.length === 0) throw none === undefined ? noJobYet() : noSuchJob(none);
  output.note(formatChoices(jobs, output));
  return await askForOne(jobs, output);
}

function noSuchJob(message: string): FotaError {
  return new FotaError("JOB_NOT_FOUND", message, {
    hint: { text: "<command> shows all jobs; give the id of one", command: ["list"] },
  });
}

function formatChoices(jobs: readonly ListedJobResult[], { notes }: Pick<Output, "notes">): string {
  const rows = jobs.map((job, i): NumberedJob => ({ ...job, number: String(i + 1) }));
  const columns: Column<NumberedJob>[] = [
    { name: "#", value: ({ number }) => number, right: true },
    ...jobRowColumns(timeFormat(false, new Date())),
  ];
  return formatTable(rows, columns, notes.paint, notes.columns);
}

async function askForOne(jobs: readonly ListedJobResult[], output: Output): Promise<string> {
  for (;;) {
    const answer = await output.ask("which job, by number or id (Enter for none):");
    if (answer === "") {
      throw new FotaError("DECLINED", "no job was picked; nothing was changed", {
        hint: { text: "<command> shows older jobs too", command: ["list", "--limit", "100"] },
      });
    }
    const job = jobs[Number(answer) - 1];
    if (job !== undefined) return job.jobId;
    if (!/^\d+$/.test(answer)) return answer;
    output.note(`there is no number ${answer}`);
  }
}
