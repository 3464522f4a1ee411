import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  DescribeJobCommand,
  ListJobsCommand,
} from "@aws-sdk/client-iot";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PublishResult } from "../src/index.js";
import { publishOutputSchema } from "../src/publish/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const ROLE = "arn:aws:iam::000000000000:role/fota";
const GROUP_ARN = "arn:aws:iot:us-east-1:000000000000:thinggroup/beta";
let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  for (const thingName of ["pump-1", "pump-2"]) {
    await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName }));
  }
});
afterEach(() => fleet.stop());

async function promote(jobId: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["promote", jobId, ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return { ...v.parse(publishOutputSchema, JSON.parse(stdout)), stderr };
}

async function refused(jobId: string, ...args: string[]): Promise<string> {
  const jobs = await jobCount();
  const { code, stdout, stderr } = await fleet.fota(["promote", jobId, ...args]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(await jobCount()).toBe(jobs);
  return stderr;
}

async function jobCount(): Promise<number> {
  return (await fleet.iot.send(new ListJobsCommand({}))).jobs?.length ?? 0;
}

async function jobThat(status: "SUCCEEDED" | "FAILED", options: object = {}): Promise<PublishResult> {
  const done = await fleet.publish({ to: ["pump-0"], ...options });
  await fleet.report("pump-0", done.jobId, status);
  return done;
}

test("the image of a job that went well goes to the next group, with the same document and a fresh URL", async () => {
  const old = await jobThat("SUCCEEDED", { fwVersion: "1.4.0", rate: "50/min" });
  const next = await promote(old.jobId, "--to", "group:beta");
  expect(next.targets).toEqual([GROUP_ARN]);
  const { bc_url: oldUrl, ...oldDocument } = old.document;
  const { bc_url: url, ...document } = next.document;
  expect(document).toEqual(oldDocument);
  expect(new URL(url).pathname).toBe(new URL(oldUrl).pathname);
  expect((await fetch(url)).status).toBe(200);
  const { job } = await fleet.iot.send(new DescribeJobCommand({ jobId: next.jobId }));
  expect(job?.jobExecutionsRolloutConfig).toEqual({ maximumPerMinute: 50 });

  const jobs = await jobCount();
  expect((await promote(old.jobId, "--to", "group:beta")).jobId).toBe(next.jobId);
  expect(await jobCount()).toBe(jobs);
});

test("the rollout is what the options say, for a continuous job too", async () => {
  const old = await jobThat("SUCCEEDED", { rate: "50/min" });
  const args = ["--to", "group:beta", "--continuous", "--presign", "iot", "--role", ROLE];
  const next = await promote(old.jobId, ...args, "--rate", "5/min", "--window", "0 2 * * 6 120m");
  expect(next.document.bc_url).toMatch(/^\$\{aws:iot:s3-presigned-url:/);
  const { job } = await fleet.iot.send(new DescribeJobCommand({ jobId: next.jobId }));
  expect(job).toMatchObject({
    targetSelection: "CONTINUOUS",
    jobExecutionsRolloutConfig: { maximumPerMinute: 5 },
    presignedUrlConfig: { roleArn: ROLE },
  });
});

test("an image that failed is not promoted by accident, but with --force", async () => {
  const old = await jobThat("FAILED");
  expect(await refused(old.jobId, "--to", "group:beta")).toMatch(
    /has not proven its image: 1 failed \(JOB_NOT_PROVEN\)\nhint: run `fota status \S+ --endpoint-url.+--force/,
  );
  const next = await promote(old.jobId, "--to", "group:beta", "--force");
  expect(next.stderr).toContain("warning: job ");
  expect(next.targets).toEqual([GROUP_ARN]);
});

test("a job that has not ended has proven nothing", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  expect(await refused(old.jobId, "--to", "group:beta")).toMatch(
    /it is IN_PROGRESS: 1 queued \(JOB_NOT_PROVEN\)/,
  );
});

test("--dry-run says the plan, and nothing is made", async () => {
  const old = await jobThat("SUCCEEDED");
  const jobs = await jobCount();
  const { plan, jobArn } = await promote(old.jobId, "--to", "group:beta", "--to", "pump-3", "--dry-run");
  expect(jobArn).toBeNull();
  expect(plan).toMatchObject({ things: 3, uploads: [], exists: false, warnings: [] });
  expect(await jobCount()).toBe(jobs);
});

test("an image that is gone cannot be promoted", async () => {
  const old = await jobThat("SUCCEEDED");
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: old.images[0]?.key ?? "" }));
  expect(await refused(old.jobId, "--to", "group:beta")).toMatch(/\(IMAGE_NOT_FOUND\)/);
});

test.each([
  ["no target", [], /--to my-thing/],
  ["a target that is none", ["--to", "pump 1"], /"pump 1"/],
] as const)("%s is wrong usage", async (_what, args, says) => {
  const { code, stderr } = await fleet.fota(["promote", "no-job", ...args]);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/\(TARGET_INVALID\)/);
  expect(code).toBe(2);
});

test.each([
  ["iot:DescribeJob", "GET", (id: string) => `/jobs/${id}`],
  ["iot:GetJobDocument", "GET", (id: string) => `/jobs/${id}/job-document`],
  ["iot:DescribeThingGroup", "GET", () => "/thing-groups/beta"],
] as const)("without %s that is what is named, and no job is made", async (action, method, path) => {
  const old = await jobThat("SUCCEEDED");
  fleet.refuse(method, path(old.jobId));
  expect(await refused(old.jobId, "--to", "group:beta")).toMatch(
    new RegExp(`\\(ACCESS_DENIED\\)\nhint: .+${action}$`, "m"),
  );
});

test("without iot:ListJobExecutionsForJob a failure that was made good cannot be told", async () => {
  const old = await fleet.publish({ to: ["pump-0"], retry: "failed:1" });
  await fleet.report("pump-0", old.jobId, "FAILED");
  await fleet.report("pump-0", old.jobId, "SUCCEEDED");
  expect((await promote(old.jobId, "--to", "pump-3", "--dry-run")).plan?.warnings).toEqual([]);
  fleet.refuse("GET", `/jobs/${old.jobId}/things`);
  expect(await refused(old.jobId, "--to", "pump-3")).toMatch(/hint: .+iot:ListJobExecutionsForJob$/m);
});

test("without iot:CreateJob the right is named with the role that has to be passed on", async () => {
  const old = await jobThat("SUCCEEDED");
  const { jobId } = await promote(
    old.jobId,
    "--to",
    "pump-3",
    "--presign",
    "iot",
    "--role",
    ROLE,
    "--dry-run",
  );
  fleet.refuse("PUT", `/jobs/${jobId}`);
  expect(await refused(old.jobId, "--to", "pump-3", "--presign", "iot", "--role", ROLE)).toMatch(
    /hint: .+iot:CreateJob.+iam:PassRole on arn:aws:iam::000000000000:role\/fota/,
  );
});
