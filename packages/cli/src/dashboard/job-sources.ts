import { decodeStatusDetails } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type Execution, listExecutions } from "../aws/executions.js";
import type { Context } from "../context.js";
import type { PublishNeeds } from "../image/publish-command.js";
import type { ShownJob } from "../show/result.js";
import { showJob } from "../show/show.js";
import { byThing, type DescribedJobState, jobReader } from "../status/summary.js";
import type { Unreached } from "../status/unreached.js";
import { answer, publishNeedsOf } from "../why/answer.js";
import { readFacts } from "../why/read.js";
import type { Explanation } from "../why/result.js";
import type { Account } from "./account.js";
import type { Pauses } from "./pauses.js";
import { createReportBook, type ReportBook } from "./report-book.js";
import { createSource, type Source } from "./source.js";

/** What is read about one job. */
export interface JobSources {
  state: Source<DescribedJobState>;
  /** All executions, by thing name; those of a large job take many requests. */
  executions: Source<readonly Execution[]>;
  explanation: Source<ExplainedJob>;
  /** The job document and its images, which do not change. */
  shown: Source<ShownJob>;
  reports: ReportBook;
  /** Calls `onChange` when new reports are there, until the returned function is called. */
  watchReports(onChange: () => void): () => void;
}

interface ExplainedJob {
  explanation: Explanation;
  /** What a suggested `fota publish` must name. */
  publish: PublishNeeds;
  /** The things that a canceled job had not reached. */
  unreached: Unreached | undefined;
}

/** Limits the wait for the counts of a job before its executions are read. */
const STATE_WAIT_MS = 5_000;

export function jobSources(context: Context, account: Account, pauses: Pauses, jobId: string): JobSources {
  const { signal } = context.host;
  let read: ReturnType<typeof jobReader> | undefined;
  const state = createSource<DescribedJobState>({
    read: () =>
      account.with(async ({ iot }) => {
        read ??= jobReader(iot, jobId, { kind: "few" });
        try {
          return await read();
        } catch (error) {
          read = undefined; // its connection may be of refused credentials
          throw error;
        }
      }),
    pauseMs: ({ summary, ended }) => (ended && !summary.continuous ? undefined : pauses.counts),
    signal,
  });
  /** Changes when a list of the executions would. */
  const mark = () =>
    JSON.stringify([state.reading.value?.summary.status, state.reading.value?.summary.counts]);
  const isOver = () => {
    const { value } = state.reading;
    return value?.ended === true && !value.summary.continuous;
  };
  /** Reads something that depends on the counts: again soon after they change, else seldom. */
  const following = <T>(task: () => Promise<T>) => {
    let before: { mark: string; value: T; atMs: number } | undefined;
    return createSource<T>({
      async read() {
        await state.fresh(STATE_WAIT_MS); // else the first read would precede the counts, and be repeated
        const now = mark();
        if (before?.mark === now && (isOver() || performance.now() - before.atMs < pauses.unchanged))
          return before.value;
        const value = await task();
        before = { mark: now, value, atMs: performance.now() };
        return value;
      },
      pauseMs: (_value, tookMs) =>
        isOver() && before?.mark === mark() ? undefined : Math.max(pauses.counts, tookMs * 2),
      signal,
    });
  };
  const reportWatchers = new Set<() => void>();
  return {
    state,
    reports: createReportBook({
      read: (executions) =>
        account.with(({ iot }) =>
          mapAtOnce(executions, REQUESTS_AT_ONCE, async ({ thing, executionNumber }) =>
            decodeStatusDetails((await describeExecution(iot, jobId, thing, executionNumber))?.details),
          ),
        ),
      onChange() {
        for (const onChange of reportWatchers) onChange();
      },
      staleMs: pauses.reports,
    }),
    watchReports(onChange) {
      const watcher = () => onChange();
      reportWatchers.add(watcher);
      return () => reportWatchers.delete(watcher);
    },
    executions: following(() =>
      account.with(async ({ iot }) => {
        const found: Execution[] = [];
        for await (const execution of listExecutions(iot, jobId)) found.push(execution);
        return found.sort(byThing);
      }),
    ),
    explanation: following(() =>
      account.with(async (cloud) => {
        const facts = await readFacts(cloud, jobId, undefined);
        return {
          explanation: answer(context, cloud, facts, { thing: undefined, absolute: true }),
          publish: publishNeedsOf(facts, context, cloud.s3.endpoint),
          unreached: facts.unreached,
        };
      }),
    ),
    shown: createSource({
      read: () => account.with((cloud) => showJob(cloud, jobId, { key: undefined, now: new Date() })),
      pauseMs: () => (isOver() ? undefined : pauses.unchanged * 5),
      signal,
    }),
  };
}
