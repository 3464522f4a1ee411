import { causeEntry } from "../causes/cause-table.js";
import { patchFaultIn } from "../status/download-text.js";
import type { ThingRule } from "./finding.js";

/** Finds a thing that downloaded the whole image because its patch did not work. */
export const patchUnused: ThingRule = ({ job }, { thing, report }, { fota }) => {
  const fault = patchFaultIn(report);
  if (fault === undefined) return undefined;
  const what = causeEntry(fault)?.what;
  return {
    cause: "patch-unused",
    sentence: `${thing} downloaded the whole image, because the patch did not work: ${fault}${what === undefined ? "" : `: ${what}`}`,
    next: [
      {
        command: fota("show", job.jobId),
        why: "shows whether the patches are in S3, and when their URLs expire",
      },
    ],
  };
};
