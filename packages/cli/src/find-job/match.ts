import { JOB_ID_PATTERN, nearestOf } from "@fota/shared";
import { JOB_ID_PREFIX, labelFrom, labelOf } from "../job/job-id.js";

/**
 * Returns the jobs of the version `text`, written `1.4.0` or `1-4-0`; if there are none, the jobs whose id begins with
 * `text`. In both, `fota-` may be left out.
 */
export function jobsNamed<Job extends { jobId: string }>(text: string, jobs: readonly Job[]): Job[] {
  const start = idTextOf(text);
  // 1.4.0 is not 1.4.0-rc.1, although both ids begin the same way.
  const ofVersion = jobs.filter((job) => isVersionOf(text, job));
  if (ofVersion.length > 0) return ofVersion;
  return jobs.filter(({ jobId }) => jobId.startsWith(start) || jobId.startsWith(`${JOB_ID_PREFIX}${start}`));
}

/** Returns whether `text` is the whole version of the job, or the name of its image if it has none. */
export function isVersionOf(text: string, { jobId }: { jobId: string }): boolean {
  const start = idTextOf(text);
  return labelOf(jobId) === (start.startsWith(JOB_ID_PREFIX) ? start.slice(JOB_ID_PREFIX.length) : start);
}

/** Returns up to three ids that `text` may be a typo of, also of the start of one. */
export function nearJobIds(text: string, jobs: readonly { jobId: string }[]): string[] {
  const start = idTextOf(text);
  const idOf = new Map<string, string>();
  for (const { jobId } of jobs) {
    const bare = jobId.startsWith(JOB_ID_PREFIX) ? jobId.slice(JOB_ID_PREFIX.length) : jobId;
    for (const form of [jobId, bare, jobId.slice(0, start.length), bare.slice(0, start.length)]) {
      if (!idOf.has(form)) idOf.set(form, jobId);
    }
  }
  return [...new Set(nearestOf(start, [...idOf.keys()]).flatMap((form) => idOf.get(form) ?? []))];
}

/** Returns a version as an id spells it; characters that an id may have stay. */
function idTextOf(text: string): string {
  return JOB_ID_PATTERN.test(text) ? text : labelFrom(text);
}

/** Returns the job that was created last. */
export function newestOf<Job extends { createdAt: Date | undefined }>(jobs: readonly Job[]): Job | undefined {
  const timeOf = ({ createdAt }: Job) => createdAt?.getTime() ?? 0;
  return jobs.reduce<Job | undefined>(
    (newest, job) => (newest === undefined || timeOf(job) > timeOf(newest) ? job : newest),
    undefined,
  );
}
