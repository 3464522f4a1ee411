import type { JobDescription } from "../aws/jobs.js";
import { totalOf } from "../status/pace.js";
import type { Say, Step } from "./finding.js";

/** The same image for one thing more; `fota promote` wants to be forced while the job has not proven its image. */
export function orderFor(job: JobDescription, thing: string, { fota }: Say): Step {
  const proven = job.status === "COMPLETED" && job.counts.succeeded === totalOf(job.counts);
  const command = fota("promote", job.jobId, "--to", thing, ...(proven ? [] : ["--force"]));
  const still = proven ? "" : ", which the job has not proven on all others";
  return { command, why: `orders the same image for it${still}` };
}

/** What `fota retry` takes up: what failed and timed out, and what was taken back if that is wanted. */
export function retryOf(job: JobDescription, ends: "failures" | "canceled" | "all", { fota }: Say): Step {
  const { failed, timedOut } = job.counts;
  const what = {
    failures: [[], "orders the image again for all that failed or timed out, once the cause is mended"],
    canceled: [
      ["--only", "canceled"],
      "orders the same image again, with a fresh URL, for what was canceled",
    ],
    all: [
      ["--only", "all"],
      "orders the same image again for all that did not succeed, once the cause is mended",
    ],
  } as const;
  const [only, why] = what[ends === "failures" && failed + timedOut === 0 ? "all" : ends];
  return { command: fota("retry", job.jobId, ...only), why };
}
