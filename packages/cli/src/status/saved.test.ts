import type { JobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { iotThat } from "../../test/service-that.js";
import type { JobSummary, ThingSummary } from "./result.js";
import { savingsOf, withSavings } from "./saved.js";

const image = {
  bc_idx: 0,
  bc_crc: "0".repeat(32),
  bc_size: 1_000,
  bc_url: "https://s3.eu-west-1.amazonaws.com/b/k",
};
const document: JobDocument = { operation: "fota", ...image };
const perSlot: JobDocument = {
  ...document,
  bc_alt: [{ ...image, bc_idx: 1, bc_size: 1_200, bc_sha256: "0".repeat(64) }],
};

const thing = (report: Partial<ThingSummary>): ThingSummary => ({
  thing: "pump-1",
  status: "SUCCEEDED",
  executionNumber: 1,
  via: "patch",
  ...report,
});

test.each<[what: string, JobDocument, Partial<ThingSummary>[], JobSummary["saved"]]>([
  [
    "several things",
    document,
    [{ fetchedBytes: 100 }, { via: "compressed", fetchedBytes: 400 }],
    { bytes: 1_500, imageBytes: 2_000, things: 2 },
  ],
  [
    "only the things that used a patch",
    document,
    [
      { fetchedBytes: 100 },
      { via: "whole", fetchedBytes: 0 },
      { via: "whole", fetchedBytes: 1_100 },
      { via: "whole:url-refused", fetchedBytes: 1_100 },
      { status: "FAILED", fetchedBytes: 10 },
      { fetchedBytes: 0 },
    ],
    { bytes: 900, imageBytes: 1_000, things: 1 },
  ],
  [
    "a patch that cost more than the image",
    document,
    [{ fetchedBytes: 1_100 }],
    { bytes: -100, imageBytes: 1_000, things: 1 },
  ],
  ["no thing that used a patch", document, [{ via: "whole", fetchedBytes: 0 }], undefined],
  [
    "an image for each slot",
    perSlot,
    [{ fetchedBytes: 100, running: "2.0.0, slot 1" }, { fetchedBytes: 100 }],
    { bytes: 1_100, imageBytes: 1_200, things: 1 },
  ],
  ["a slot that is not known", perSlot, [{ fetchedBytes: 100 }], undefined],
])("savings of %s", (_what, of, reports, saved) => {
  expect(savingsOf(of, reports.map(thing))).toEqual(saved);
});

function summaryWith(...executions: ThingSummary[]): JobSummary {
  const counts = { ...NO_COUNTS, succeeded: 1 };
  return { jobId: "j", status: "COMPLETED", counts, total: 1, continuous: false, executions };
}

test("the document is read only if a thing reports how it downloaded", async () => {
  const { iot, asked } = iotThat({ GetJobDocument: () => ({ document: JSON.stringify(document) }) });
  expect(await withSavings(iot, summaryWith(thing({})))).not.toHaveProperty("saved");
  expect(asked).toEqual([]);
  const found = await withSavings(iot, summaryWith(thing({ fetchedBytes: 100 })));
  expect(found.saved).toEqual({ bytes: 900, imageBytes: 1_000, things: 1 });
  expect(asked).toEqual(["GetJobDocument"]);
});

const withPatch = JSON.stringify({
  bc_sha256: "0".repeat(64),
  ...document,
  bc_delta: [{ url: image.bc_url, bytes: 100, sha256: "1".repeat(64) }],
});

function largeJob(succeeded: number, documentText: string) {
  const { iot, asked } = iotThat({
    GetJobDocument: () => ({ document: documentText }),
    ListJobExecutionsForJob: () => ({
      executionSummaries: Array.from({ length: succeeded }, (_, i) => ({
        thingArn: `arn:aws:iot:eu-west-1:123456789012:thing/pump-${i}`,
        jobExecutionSummary: { status: "SUCCEEDED", executionNumber: 1 },
      })),
    }),
    DescribeJobExecution: ({ thingName }) => {
      const detailsMap =
        thingName === "pump-3"
          ? { via: "whole", fetchedBytes: "1000" }
          : { via: "patch", fetchedBytes: "100" };
      return { execution: { status: "SUCCEEDED", statusDetails: { detailsMap } } };
    },
  });
  const counts = { ...NO_COUNTS, succeeded };
  const summary: JobSummary = {
    jobId: "j",
    status: "COMPLETED",
    continuous: false,
    counts,
    total: succeeded,
  };
  return { iot, asked, summary };
}

test("of a larger job, what patches saved comes from 20 of the things that succeeded", async () => {
  const { iot, asked, summary } = largeJob(50, withPatch);
  const { saved } = await withSavings(iot, summary);
  expect(saved).toEqual({ bytes: 17_100, imageBytes: 19_000, things: 19, read: 20 });
  expect(asked).toHaveLength(22);
});

test.each([
  ["a document without patches", 50, JSON.stringify(document), ["GetJobDocument"]],
  ["nothing that succeeded", 0, withPatch, []],
] as const)("a larger job with %s reads no reports", async (_what, succeeded, text, requests) => {
  const { iot, asked, summary } = largeJob(succeeded, text);
  expect((await withSavings(iot, summary)).saved).toBeUndefined();
  expect(asked).toEqual(requests);
});
