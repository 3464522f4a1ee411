import { hintText } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { checkJobQuota, checkTarget } from "./jobs.js";

function jobs(count: number) {
  return iotThat({
    ListJobs: ({ nextToken, maxResults }) => {
      const from = Number(nextToken ?? 0);
      const to = Math.min(from + Number(maxResults), count);
      const page = Array.from({ length: to - from }, (_, i) => ({ jobId: `j${from + i}` }));
      return { jobs: page, nextToken: to < count ? String(to) : undefined };
    },
  });
}

test.each([
  [1, "ok", "1 job in progress", 1],
  [499, "ok", "499 jobs in progress", 2],
  [500, "warn", "500 jobs in progress", 2],
  [90_000, "warn", "1000 or more jobs in progress", 4],
])("%s jobs in progress: %s, after few pages", async (count, status, says, pages) => {
  const { iot, asked } = jobs(count);
  expect(await checkJobQuota(iot)).toMatchObject({ status, message: expect.stringContaining(says) });
  expect(asked).toHaveLength(pages);
});

const group = { kind: "group", name: "beta", text: "group:beta" } as const;
const arn = "arn:aws:iot:eu-west-1:123456789012:thinggroup/beta";

test.each([
  [[], "warn", "empty"],
  [["pump-1"], "ok", "1 thing"],
  [["pump-1", "pump-2"], "ok", "2 things"],
])("a group of %j", async (things, status, says) => {
  const { iot } = iotThat({
    DescribeThingGroup: () => ({ thingGroupArn: arn }),
    ListThingsInThingGroup: () => ({ things }),
  });
  expect(await checkTarget(iot, group, "eu-west-1")).toMatchObject({
    status,
    message: expect.stringContaining(says),
  });
});

test("an ARN of another account, or of another region, is no target here", async () => {
  const { iot } = iotThat({ DescribeThingGroup: () => ({ thingGroupArn: arn }) });
  const elsewhere = (given: string) => checkTarget(iot, { ...group, text: given, arn: given }, "eu-west-1");
  await expect(elsewhere(arn.replace("123456789012", "999999999999"))).rejects.toMatchObject({
    code: "TARGET_INVALID",
    message: expect.stringContaining("not in this account"),
  });
  await expect(elsewhere(arn.replace("eu-west-1", "us-east-1"))).rejects.toMatchObject({
    hint: "give --region us-east-1",
  });
});

test.each([
  [
    9,
    /^exists; 9 jobs are pending on it, q-0 first$/,
    /^run `fota status q-0 --thing .*` to see the first; the device gets a new job after them/,
  ],
  [
    10,
    /AWS IoT lists only the first 10 to the device, which does not see a new one$/,
    /^cancel the jobs that nothing/,
  ],
])("a thing with %i pending jobs", async (count, message, hint) => {
  const { iot } = iotThat({
    DescribeThing: () => ({ thingArn: "arn:aws:iot:eu-west-1:123456789012:thing/pump-1" }),
    ListJobExecutionsForThing: ({ status }) => ({
      executionSummaries: Array.from({ length: status === "QUEUED" ? count : 0 }, (_, i) => ({
        jobId: `q-${i}`,
        jobExecutionSummary: { status },
      })),
    }),
  });
  const target = { kind: "thing", name: "pump-1", text: "pump-1" } as const;
  const verdict = await checkTarget(iot, target, "eu-west-1");
  expect(verdict).toMatchObject({ status: "warn", message: expect.stringMatching(message) });
  expect(hintText(verdict.hint ?? "")).toMatch(hint);
});
