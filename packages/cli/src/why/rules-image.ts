import { formatSkew } from "../aws/clock.js";
import { formatTime } from "../terminal/format.js";
import type { Facts } from "./facts.js";
import type { JobRule, Say, Step } from "./finding.js";

/** Warns of a URL that expires within this time: it will fail for queued things and for those in progress. */
const SOON_MS = 24 * 3_600_000;

export const roleUnusable: JobRule = ({ job, roleFault }, { fota }) => {
  if (roleFault === undefined) return undefined;
  return {
    cause: "role-unusable",
    sentence: `AWS IoT cannot presign the image, so devices get no document: ${roleFault}`,
    evidence: [["role", job.presignedUrlConfig?.roleArn ?? ""]],
    next: [
      {
        command: fota("doctor", "--presign", "iot", "--role", job.presignedUrlConfig?.roleArn ?? "<role>"),
        why: "says what the role lacks; docs/publish.md has one to copy",
      },
    ],
  };
};

export const imageGone: JobRule = ({ job, image }, { fota }) => {
  if (image?.state !== "missing") return undefined;
  return {
    cause: "image-gone",
    sentence: `the image of job ${job.jobId} is no longer in S3: ${placeOf(image.object)} was deleted`,
    evidence: [["image", `${placeOf(image.object)}: gone`]],
    next: publishAgain(job.jobId, fota),
  };
};

export const imageReplaced: JobRule = ({ job, image }, { fota }) => {
  if (image?.state !== "differs") return undefined;
  return {
    cause: "image-replaced",
    sentence: `another object replaced the image of job ${job.jobId}, and devices refuse it: ${image.because}`,
    evidence: [["image", `${placeOf(image.object)}: ${image.because}`]],
    next: publishAgain(job.jobId, fota),
  };
};

export const urlExpired: JobRule = ({ job, urlEnd, signedAhead }, say) => {
  const { now, time, fota, clock } = say;
  if (urlEnd === undefined || urlEnd > now || !isOpen(job.counts)) return undefined;
  return {
    cause: "url-expired",
    sentence: `the URL of the image expired ${time(urlEnd)}: a device that takes job ${job.jobId} now cannot download it`,
    evidence: [
      ["URL", `expired at ${formatTime(urlEnd.toISOString())}`],
      ...(signedAhead === undefined
        ? []
        : [["clock", formatSkew(signedAhead, { whose: "the clock that the URL was signed with" })] as const]),
      ...(clock === undefined ? [] : [["clock", clock] as const]),
    ],
    next: [
      { command: fota("cancel", job.jobId), why: "cancels it for the things that still wait" },
      {
        command: fota("retry", job.jobId, "--only", "canceled"),
        why: "publishes the same image again with a fresh URL, for the things that were canceled",
      },
      {
        command: null,
        why: "for long rollouts publish with --presign iot, which presigns a URL when a device asks",
      },
    ],
  };
};

export const urlEndsSoon: JobRule = ({ job, urlEnd }, { now, time }) => {
  if (urlEnd === undefined || urlEnd <= now || !isOpen(job.counts)) return undefined;
  if (urlEnd.getTime() - now.getTime() > SOON_MS) return undefined;
  return {
    cause: "url-ends-soon",
    sentence: `the URL of the image expires ${time(urlEnd)}: a device that has not downloaded it by then cannot`,
    evidence: [["URL", `works until ${formatTime(urlEnd.toISOString())}`]],
    next: [
      {
        command: null,
        why: "for things that miss it: `fota cancel`, then `fota retry --only canceled`, which presigns a fresh URL",
      },
    ],
  };
};

function isOpen({ queued, inProgress }: Facts["job"]["counts"]): boolean {
  return queued + inProgress > 0;
}

function placeOf(object: { bucket: string; key: string } | undefined): string {
  return object === undefined ? "its object" : `s3://${object.bucket}/${object.key}`;
}

function publishAgain(jobId: string, fota: Say["fota"]): Step[] {
  return [
    { command: fota("cancel", jobId), why: "cancels it for the things that still wait" },
    { command: null, why: "`fota publish` of the same file uploads it again and makes a new job" },
  ];
}
