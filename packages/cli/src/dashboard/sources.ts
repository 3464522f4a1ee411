import { decodeStatusDetails } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type Execution, listExecutions } from "../aws/executions.js";
import { describeJob, type JobDescription } from "../aws/jobs.js";
import type { Context } from "../context.js";
import { readFleet } from "../fleet/fleet.js";
import type { Fleet } from "../fleet/result.js";
import type { PublishNeeds } from "../image/publish-command.js";
import type { JobList } from "../list/result.js";
import { readRecentJobs } from "../report/read.js";
import type { ShownJob } from "../show/result.js";
import { showJob } from "../show/show.js";
import { readOverview } from "../status/overview.js";
import type { Overview } from "../status/result.js";
import { byThing, type DescribedJobState, jobReader } from "../status/summary.js";
import { answer, publishNeedsOf } from "../why/answer.js";
import { readFacts } from "../why/read.js";
import type { Explanation } from "../why/result.js";
import type { Account } from "./account.js";
import { createReportBook, type ReportBook } from "./report-book.js";
import { createSource, type Source } from "./source.js";
import { readThingState, type ThingState } from "./thing-state.js";

/** Everything that the dashboard reads, each part once for all viewers and only while a viewer needs it. */
export interface Sources {
  overview: Source<Overview>;
  fleet: Source<Fleet>;
  /** The jobs of the last 30 days. */
  history: Source<JobList>;
  job(jobId: string): JobSources;
  thing(thingName: string): Source<ThingState>;
}

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
}

/** Jobs of the overview that have not ended. */
const IN_PROGRESS_MAX = 50;
/** Jobs of the overview that ended in the last 24 hours. */
const ENDED_MAX = 20;
/** Jobs and things that stay in memory after their last viewer has left. */
const KEPT_MAX = 20;

/** Limits the wait for the counts of a job before its executions are read. */
const STATE_WAIT_MS = 5_000;

/** Pauses between reads in milliseconds. */
interface Pauses {
  /** Of counts, which take a request or two. */
  counts: number;
  /** Of lists and explanations, if nothing counted has changed. */
  unchanged: number;
  /** Of the versions of the fleet. */
  fleet: number;
  /** Of the reports of things in progress that a page shows; each takes a request. */
  reports: number;
}

/** AWS's quotas of requests are per account, so others must not feel that a dashboard is open. */
const AWS_PAUSES: Pauses = { counts: 3_000, unchanged: 60_000, fleet: 60_000, reports: 20_000 };
const LOCAL_PAUSES: Pauses = { counts: 500, unchanged: 5_000, fleet: 5_000, reports: 1_000 };

export function createSources(command: Context, account: Account): Sources {
  const { signal } = command.host;
  // A warning about this machine's clock would come again with every explanation; the explanation names it, too.
  const context = { ...command, output: { ...command.output, warn: () => {} } };
  const pauses = account.isLocal ? LOCAL_PAUSES : AWS_PAUSES;
  const ended = new Map<string, JobDescription>();
  const jobs = keptSources<JobSources>((jobId) => jobSources(context, account, pauses, jobId));
  const things = keptSources<Source<ThingState>>((name) =>
    createSource({
      read: () => account.with((cloud) => readThingState(context, cloud, name)),
      pauseMs: (_state, tookMs) => Math.max(pauses.counts * 2, tookMs * 2),
      signal,
    }),
  );
  return {
    overview: createSource({
      read: () =>
        account.with(({ iot }) =>
          readOverview(iot, {
            inProgressMax: IN_PROGRESS_MAX,
            endedMax: ENDED_MAX,
            async describe({ jobId }) {
              const job = ended.get(jobId) ?? (await describeJob(iot, jobId));
              if (isFinal(job)) ended.set(jobId, job);
              return job;
            },
          }),
        ),
      pauseMs: (_overview, tookMs) => Math.max(pauses.counts, tookMs),
      signal,
    }),
    fleet: createSource({
      read: () => account.with(({ iot }) => readFleet(iot)),
      pauseMs: (_fleet, tookMs) => Math.max(pauses.fleet, tookMs * 10),
      signal,
    }),
    history: createSource({
      read: () => account.with(({ iot }) => readRecentJobs(iot, new Date(), [])),
      pauseMs: () => pauses.unchanged * 5,
      signal,
    }),
    job: jobs,
    thing: things,
  };
}

function jobSources(context: Context, account: Account, pauses: Pauses, jobId: string): JobSources {
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
        if (before?.mark === now && (isOver() || Date.now() - before.atMs < pauses.unchanged))
          return before.value;
        const value = await task();
        before = { mark: now, value, atMs: Date.now() };
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

/** Returns whether nothing of a job can change any more. */
function isFinal({ status, counts }: JobDescription): boolean {
  return status === "COMPLETED" || (status === "CANCELED" && counts.queued + counts.inProgress === 0);
}

/** Returns a function that creates each source once, and forgets the one that was not asked for the longest time. */
function keptSources<S>(create: (name: string) => S): (name: string) => S {
  const kept = new Map<string, S>();
  return (name) => {
    const found = kept.get(name) ?? create(name);
    kept.delete(name);
    kept.set(name, found);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return found;
  };
}
