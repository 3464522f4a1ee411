import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { fullQueues } from "./full-queue.js";

/** A thing with `counts` executions in progress and queued. */
function queueOf(inProgress: number, queued: number) {
  const ofStatus = (status: unknown) => (status === "IN_PROGRESS" ? inProgress : queued);
  return iotThat({
    ListJobExecutionsForThing: ({ status }) => ({
      executionSummaries: Array.from({ length: ofStatus(status) }, (_, i) => ({
        jobId: `${status}-${i}`,
        jobExecutionSummary: { status },
      })),
    }),
  });
}

test.each([
  [0, 9, undefined],
  [0, 10, "has 10 pending jobs, .* when 1 of them has ended"],
  [2, 10, "has 12 pending jobs, .* when 3 of them have ended"],
])("%i jobs in progress and %i queued: warning %j", async (inProgress, queued, says) => {
  const warnings = await fullQueues(queueOf(inProgress, queued).iot, "new", ["pump-1"]);
  if (says === undefined) expect(warnings).toEqual([]);
  else expect(warnings).toEqual([expect.stringMatching(`^pump-1 ${says}`)]);
});

test("the job itself does not count, when it is published again", async () => {
  expect(await fullQueues(queueOf(0, 10).iot, "QUEUED-3", ["pump-1"])).toEqual([]);
});

test("of a fleet a few are looked at, and what cannot be read stops no publish", async () => {
  const { iot, asked } = queueOf(0, 10);
  expect(
    await fullQueues(
      iot,
      "new",
      Array.from({ length: 1_000 }, (_, i) => `t-${i}`),
    ),
  ).toHaveLength(5);
  expect(asked).toHaveLength(10);
  const { iot: denied } = iotThat({
    ListJobExecutionsForThing: () => {
      throw new FotaError("ACCESS_DENIED", "not allowed");
    },
  });
  expect(await fullQueues(denied, "new", ["pump-1"])).toEqual([]);
});
