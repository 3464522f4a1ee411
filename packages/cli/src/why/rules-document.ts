import type { JobRule } from "./finding.js";

export const notFotaJob: JobRule = ({ job, decoded }, { aws, fota }) => {
  if (decoded.kind !== "other") return undefined;
  return {
    cause: "not-fota-job",
    sentence: `job ${job.jobId} is not a firmware update: its document has no operation "fota", so other programs of the devices, or a handler in jobs.d of fota-agent, must run it`,
    next: [
      { command: fota("status", job.jobId, "--things"), why: "shows what each thing reported" },
      { command: aws("iot", "get-job-document", "--job-id", job.jobId), why: "shows its document" },
    ],
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
