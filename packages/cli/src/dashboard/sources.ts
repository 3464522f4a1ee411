import type { Cloud } from "../aws/cloud.js";
import { describeJob, type JobDescription } from "../aws/jobs.js";
import type { Context } from "../context.js";
import { readFleet } from "../fleet/fleet.js";
import type { Fleet } from "../fleet/result.js";
import type { JobList } from "../list/result.js";
import { readRecentJobs } from "../report/read.js";
import { readOverview } from "../status/overview.js";
import type { Overview } from "../status/result.js";
import type { Account } from "./account.js";
import { type JobSources, jobSources } from "./job-sources.js";
import { AWS_PAUSES, LOCAL_PAUSES } from "./pauses.js";
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

/** Jobs of the overview that have not ended. */
const IN_PROGRESS_MAX = 50;
/** Jobs of the overview that ended in the last 24 hours. */
const ENDED_MAX = 20;
/** Jobs and things that stay in memory after their last viewer has left. */
const KEPT_MAX = 20;

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
  async function readJobs({ iot }: Cloud): Promise<Overview> {
    const overview = await readOverview(iot, {
      inProgressMax: IN_PROGRESS_MAX,
      endedMax: ENDED_MAX,
      async describe({ jobId }) {
        const job = ended.get(jobId) ?? (await describeJob(iot, jobId));
        if (isFinal(job)) ended.set(jobId, job);
        return job;
      },
    });
    const shown = new Set(overview.jobs.map(({ jobId }) => jobId));
    for (const jobId of ended.keys()) if (!shown.has(jobId)) ended.delete(jobId);
    return overview;
  }

  return {
    overview: createSource({
      read: () => account.with(readJobs),
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
