import type { JobRule } from "./finding.js";

export const notFotaJob: JobRule = ({ job, decoded }, { aws }) => {
  if (decoded.kind !== "other") return undefined;
  return {
    cause: "not-fota-job",
    sentence: `job ${job.jobId} is not a fota job: its document has no operation "fota", so fota's agent ignores it`,
    next: [{ command: aws("iot", "get-job-document", "--job-id", job.jobId), why: "shows its document" }],
  };
};

export const documentInvalid: JobRule = ({ job, decoded }, { fota }) => {
  if (decoded.kind !== "invalid") return undefined;
  return {
    cause: "document-invalid",
    sentence: `a device refuses job ${job.jobId}: ${decoded.fault}`,
    next: [
      { command: fota("show", job.jobId), why: "shows the document" },
      {
        command: fota("cancel", job.jobId),
        why: "cancels it; `fota publish` then creates one with a valid document",
      },
    ],
  };
};
