import type { JobStatus } from "@fota/shared";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { OFFERS, type OfferKind } from "./offers.js";

/** Returns the kinds of jobs that a job is one of, by AWS's filter and by its counts. */
function kindsOf(status: JobStatus, counts?: Partial<typeof NO_COUNTS>): OfferKind[] {
  const job = { jobId: "j", jobArn: "", status, continuous: false };
  const counted = { ...job, ...(counts && { counts: { ...NO_COUNTS, ...counts } }) };
  const kinds = Object.keys(OFFERS) as OfferKind[];
  return kinds.filter((kind) => {
    const { statuses, accepts } = OFFERS[kind];
    return (statuses.length === 0 || statuses.includes(status)) && accepts(counted);
  });
}

test.each([
  ["SCHEDULED", {}, ["any", "cancelable"]],
  ["IN_PROGRESS", { queued: 1 }, ["any", "cancelable"]],
  ["IN_PROGRESS", { failed: 1, queued: 1 }, ["any", "cancelable", "failed", "unsuccessful"]],
  ["IN_PROGRESS", { succeeded: 1 }, ["any", "cancelable", "succeeded"]],
  ["COMPLETED", { succeeded: 1 }, ["any", "deletable", "succeeded"]],
  ["COMPLETED", { timedOut: 1 }, ["any", "deletable", "failed", "unsuccessful"]],
  ["COMPLETED", { rejected: 1 }, ["any", "deletable", "unsuccessful"]],
  ["CANCELED", { canceled: 1 }, ["any", "deletable", "unsuccessful"]],
  ["CANCELED", { inProgress: 1 }, ["any"]],
  ["DELETION_IN_PROGRESS", { failed: 1 }, ["any"]],
  ["COMPLETED", undefined, ["any", "deletable", "failed", "unsuccessful", "succeeded"]],
] as const)("a job that is %s with %j is %j", (status, counts, kinds) => {
  expect(kindsOf(status, counts)).toEqual(kinds);
});
