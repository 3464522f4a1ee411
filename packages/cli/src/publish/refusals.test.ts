import { FotaError, type JobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { refusalWarnings } from "./refusals.js";

const image = {
  bc_idx: 1,
  bc_crc: "0".repeat(32),
  bc_size: 1,
  bc_url: "https://b/k",
  bc_sha256: "0".repeat(64),
};
const forSlot1: JobDocument = { operation: "fota", ...image };
const forAny: JobDocument = { ...forSlot1, bc_alt: [{ ...image, bc_idx: 0 }] };

/** Each thing has these executions, oldest first; all report the same. */
function fleetThat(
  running: string | undefined,
  statuses: readonly string[] = ["SUCCEEDED"],
  bc_crc = "1".repeat(32),
  more: Record<string, string> = {},
) {
  return iotThat({
    ListJobExecutionsForThing: () => ({
      executionSummaries: statuses.map((status, day) => ({
        jobId: `job-${day}`,
        jobExecutionSummary: { status, lastUpdatedAt: new Date(2026, 10, 1 + day), executionNumber: 1 },
      })),
    }),
    GetJobDocument: () => ({ document: JSON.stringify({ ...forSlot1, bc_crc }) }),
    DescribeJobExecution: ({ jobId }) => ({
      execution: {
        status: "SUCCEEDED",
        statusDetails: {
          detailsMap: jobId === `job-${statuses.length - 1}` && running ? { running, ...more } : {},
        },
      },
    }),
  });
}

const ADVICE = "publish the image for the other slot, or with --slot any if it is the same for every slot";

test.each(["slot 1", "1.4.0, slot 1"])(
  "a thing whose last report is %j will refuse slot 1",
  async (running) => {
    expect(await refusalWarnings(fleetThat(running).iot, forSlot1, ["lamp-7"])).toEqual([
      `lamp-7 reports that it runs slot 1 and will refuse this image: ${ADVICE}`,
    ]);
  },
);

test("of many things the first ten are looked at, in two requests each and one for the job, and a few are named", async () => {
  const { iot, asked } = fleetThat("slot 1");
  const things = Array.from({ length: 40 }, (_, index) => `lamp-${index}`);
  expect(await refusalWarnings(iot, forSlot1, things)).toEqual([
    `lamp-0, lamp-1, lamp-2, and 7 more report that they run slot 1 and will refuse this image: ${ADVICE}`,
  ]);
  expect(asked).toHaveLength(21);
});

test.each<[string, string | undefined, string[]]>([
  ["runs the other slot", "slot 0", ["SUCCEEDED"]],
  ["does not state a slot", "1.4.0", ["SUCCEEDED"]],
  ["reported nothing last, as its job timed out", undefined, ["SUCCEEDED", "TIMED_OUT"]],
  ["has a job in progress, after which it may run the other slot", "slot 1", ["SUCCEEDED", "IN_PROGRESS"]],
  ["had no job yet", "slot 1", []],
])("no warning for a thing that %s", async (_what, running, statuses) => {
  expect(await refusalWarnings(fleetThat(running, statuses).iot, forSlot1, ["lamp-7"])).toEqual([]);
});

test.each([[["SUCCEEDED"]], [["SUCCEEDED", "FAILED"]]])(
  "no warning for a thing that runs this very image since its last success: %j",
  async (statuses) => {
    const { iot } = fleetThat("slot 1", statuses, forSlot1.bc_crc);
    expect(await refusalWarnings(iot, forSlot1, ["lamp-7"])).toEqual([]);
  },
);

test("a thing that runs the slot since the factory will refuse it", async () => {
  const { iot } = fleetThat("slot 1", ["FAILED"], forSlot1.bc_crc);
  expect(await refusalWarnings(iot, forSlot1, ["lamp-7"])).toHaveLength(1);
});

test("an image for several slots asks nothing", async () => {
  const { iot, asked } = fleetThat("slot 1");
  expect(await refusalWarnings(iot, forAny, ["lamp-7"])).toEqual([]);
  expect(asked).toEqual([]);
});

test("what cannot be read stops no publish", async () => {
  const { iot } = iotThat({
    ListJobExecutionsForThing: () => {
      throw new FotaError("ACCESS_DENIED", "not allowed");
    },
  });
  expect(await refusalWarnings(iot, forSlot1, ["lamp-7"])).toEqual([]);
});

const signed: JobDocument = { ...forAny, bc_version: "1.9.0", bc_sig: [{ key: "a", sig: "s" }] };
const refusedFor = (reason: string, expected: string) =>
  fleetThat("2.0.0, slot 0", ["SUCCEEDED", "FAILED"], "1".repeat(32), { reason, expected });

test("a thing that runs a higher version will refuse a signed document, if it trusts keys", async () => {
  const { iot } = fleetThat("2.0.0, slot 0");
  expect(await refusalWarnings(iot, signed, ["lamp-7"])).toEqual([
    "lamp-7 reports that it runs 2.0.0, which is above 1.9.0, and will refuse it if built with trusted keys: sign with --allow-downgrade to go back on purpose",
  ]);
  expect(await refusalWarnings(iot, { ...signed, bc_down: true }, ["lamp-7"])).toEqual([]);
  expect(await refusalWarnings(iot, { ...signed, bc_version: "2.0.0" }, ["lamp-7"])).toEqual([]);
});

test("a thing that refused a sequence number refuses it again, until it is high enough", async () => {
  const { iot } = refusedFor("sequence-refused", "at least 12");
  const numbered = { ...signed, bc_version: "3.0.0", bc_seq: 11 };
  expect(await refusalWarnings(iot, numbered, ["lamp-7"])).toEqual([
    "lamp-7 refused the last document and accepts none with a sequence number below 12: sign with --seq 12 or more",
  ]);
  expect(await refusalWarnings(iot, { ...numbered, bc_seq: 12 }, ["lamp-7"])).toEqual([]);
});

test("a thing that refused a signature refuses a document without one", async () => {
  const { iot } = refusedFor("signature-invalid", "");
  expect(await refusalWarnings(iot, forSlot1, ["lamp-7"])).toEqual([
    "lamp-7 refused the last document for its signature, and this one has none: publish with --sign",
  ]);
});

test("a thing below the lowest version that can update will refuse", async () => {
  const { iot } = fleetThat("1.4.0, slot 0");
  expect(await refusalWarnings(iot, { ...forAny, bc_min: "1.5" }, ["lamp-7", "lamp-8"])).toEqual([
    "lamp-7 and lamp-8 report that they run 1.4.0, which is below 1.5, and will refuse this update: publish a version in between first",
  ]);
});
