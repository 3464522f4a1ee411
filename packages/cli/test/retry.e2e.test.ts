import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateJobCommand,
  CreateThingCommand,
  DescribeJobCommand,
  ListJobsCommand,
} from "@aws-sdk/client-iot";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishOutputSchema } from "../src/publish/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const ROLE = "arn:aws:iam::000000000000:role/fota";
const arnOf = (thing: string) => `arn:aws:iot:us-east-1:000000000000:thing/${thing}`;
let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.stop());

async function retry(jobId: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["retry", jobId, ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return { ...v.parse(publishOutputSchema, JSON.parse(stdout)), stderr };
}

async function refused(jobId: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.fota(["retry", jobId, ...args]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  return stderr;
}

async function jobOf(jobId: string) {
  return (await fleet.iot.send(new DescribeJobCommand({ jobId }))).job;
}

async function jobCount(): Promise<number> {
  return (await fleet.iot.send(new ListJobsCommand({}))).jobs?.length ?? 0;
}

/** pump-0 failed, pump-1 succeeded, pump-2 rejected, pump-3 waits. */
async function mixedJob(options: object = {}) {
  const done = await fleet.publish({ to: ["pump-0", "pump-1", "pump-2", "pump-3"], ...options });
  await fleet.report("pump-0", done.jobId, "FAILED");
  await fleet.report("pump-1", done.jobId, "SUCCEEDED");
  await fleet.report("pump-2", done.jobId, "REJECTED");
  return done;
}

test("the thing that failed gets the same document with a fresh URL, rolled out as before", async () => {
  const old = await mixedJob({
    rate: "50/min",
    thingTimeout: "30m",
    description: "spring",
    fwVersion: "1.4.0",
  });
  const again = await retry(old.jobId);
  expect(again.targets).toEqual([arnOf("pump-0")]);
  expect(again.jobId).not.toBe(old.jobId);
  const { bc_url: oldUrl, ...oldDocument } = old.document;
  const { bc_url: url, ...document } = again.document;
  expect(document).toEqual(oldDocument);
  expect(new URL(url).pathname).toBe(new URL(oldUrl).pathname);
  expect((await fetch(url)).status).toBe(200);
  expect(await jobOf(again.jobId)).toMatchObject({
    description: "spring",
    jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
  });

  const jobs = await jobCount();
  expect((await retry(old.jobId)).jobId).toBe(again.jobId);
  expect(await jobCount()).toBe(jobs);
});

test("options come before the old rollout", async () => {
  const old = await mixedJob({ rate: "50/min", thingTimeout: "30m" });
  const args = ["--rate", "5/min", "--job-id", "second-try", "--expires", "1h"];
  const again = await retry(old.jobId, ...args);
  expect(again.jobId).toBe("second-try");
  expect((await retry(old.jobId, ...args)).jobId).toBe("second-try");
  expect(await jobOf("second-try")).toMatchObject({
    jobExecutionsRolloutConfig: { maximumPerMinute: 5 },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
  });
  expect(again.document.bc_url).toContain("X-Amz-Expires=3600");
});

test("--only says which ends are retried", async () => {
  const old = await mixedJob();
  await fleet.fota(["cancel", old.jobId, "--yes"]);
  expect((await retry(old.jobId, "--only", "rejected,canceled")).targets.sort()).toEqual([
    arnOf("pump-2"),
    arnOf("pump-3"),
  ]);
  const all = await retry(old.jobId, "--only", "all", "--dry-run");
  expect(all.targets).toEqual([arnOf("pump-0")]);
  expect(all.jobArn).toBeNull();
  expect(all.plan?.warnings).toEqual([
    {
      code: "THINGS_LEFT_OUT",
      message: expect.stringMatching(/left out: pump-2 and 1 more, QUEUED in job fota-/),
    },
  ]);
});

test("a thing that succeeded in a later try of the job is not retried", async () => {
  const old = await fleet.publish({ to: ["pump-0", "pump-1"], retry: "failed:1" });
  await fleet.report("pump-0", old.jobId, "FAILED");
  await fleet.report("pump-0", old.jobId, "SUCCEEDED");
  expect(await refused(old.jobId)).toMatch(/no thing of job .+ is failed or timed out \(NOTHING_TO_RETRY\)/);
});

test("a thing that has the image by another job, or has it coming, is left out", async () => {
  const old = await fleet.publish({ to: ["pump-0", "pump-1"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  await fleet.report("pump-1", old.jobId, "FAILED");
  const document = JSON.stringify(old.document);
  await fleet.iot.send(new CreateJobCommand({ jobId: "by-hand", targets: [arnOf("pump-0")], document }));
  await expect.poll(async () => (await jobOf("by-hand"))?.jobProcessDetails?.numberOfQueuedThings).toBe(1);
  const pending = await retry(old.jobId, "--dry-run");
  expect(pending.targets).toEqual([arnOf("pump-1")]);
  expect(pending.stderr).toContain("left out: pump-0, QUEUED in job by-hand, which has the same image");
  await fleet.report("pump-0", "by-hand", "SUCCEEDED");
  expect((await retry(old.jobId, "--dry-run")).stderr).toContain("pump-0, SUCCEEDED in job by-hand");
});

test("a thing to which a later job brings other firmware is left out", async () => {
  const earlier = await fleet.publish({ to: ["pump-2"], fwVersion: "1.2.0" });
  const old = await fleet.publish({ to: ["pump-0", "pump-1", "pump-2", "pump-3"], fwVersion: "1.3.0" });
  const later = await fleet.publish({ to: ["pump-0", "pump-1", "pump-3"], fwVersion: "1.4.0" });
  await fleet.report("pump-0", later.jobId, "SUCCEEDED");
  for (const n of [0, 1, 2, 3]) await fleet.report(`pump-${n}`, old.jobId, "FAILED");
  await fleet.report("pump-2", earlier.jobId, "SUCCEEDED");
  await fleet.report("pump-3", later.jobId, "FAILED");
  const again = await retry(old.jobId, "--dry-run");
  expect(again.targets.sort()).toEqual([arnOf("pump-2"), arnOf("pump-3")]);
  const of = `in job ${later.jobId}`;
  const message = `2 things left out, as a later job brings other firmware: pump-0, SUCCEEDED ${of}; pump-1, QUEUED ${of}; \`fota publish --to\` replaces that on purpose`;
  expect(again.plan?.warnings).toContainEqual({ code: "THINGS_LEFT_OUT", message });
  await fleet.fota(["cancel", later.jobId, "--yes"]);
  expect((await retry(old.jobId)).targets).toHaveLength(3);

  const { jobId } = await fleet.publish({ to: ["pump-4"] });
  await fleet.report("pump-4", jobId, "FAILED");
  await fleet.report("pump-4", (await fleet.publish({ to: ["pump-4"] })).jobId, "SUCCEEDED");
  expect(await refused(jobId)).toMatch(
    /nothing to retry.+pump-4 is SUCCEEDED in job fota-\S+, which is later and has other firmware \(NOTHING_TO_RETRY\)\nhint: `fota publish --to` puts the older image on it on purpose/,
  );
});

test("when nothing failed, what else there is to retry is named with its command", async () => {
  const old = await fleet.publish({ to: ["pump-0", "pump-1"] });
  await fleet.report("pump-0", old.jobId, "REJECTED");
  expect(await refused(old.jobId)).toMatch(
    /\(NOTHING_TO_RETRY\)\nhint: 1 rejected: `fota retry \S+ --only rejected --endpoint-url \S+ --local`/,
  );
});

test("AWS IoT goes on presigning as the same role", async () => {
  const old = await fleet.publish({ to: ["pump-0"], presign: "iot", role: ROLE, expires: "15m" });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const again = await retry(old.jobId);
  expect(again.document).toEqual(old.document);
  expect(await jobOf(again.jobId)).toMatchObject({
    presignedUrlConfig: { roleArn: ROLE, expiresInSec: 900 },
  });
});

test("a thing whose name begins like a group is retried as a thing", async () => {
  const thing = "group:7";
  await fleet.iot.send(new CreateThingCommand({ thingName: thing }));
  const old = await fleet.publish({ to: [arnOf(thing)] });
  await fleet.report(thing, old.jobId, "FAILED");
  expect((await retry(old.jobId)).targets).toEqual([arnOf(thing)]);
});

test("more than 100 things go into a group", async () => {
  const things = Array.from({ length: 101 }, (_, i) => `valve-${i}`);
  for (const thingName of things) await fleet.iot.send(new CreateThingCommand({ thingName }));
  await writeFile(join(fleet.folder, "valves.txt"), things.join("\n"));
  const old = await fleet.publish({ to: ["@valves.txt"], makeGroup: "valves" });
  for (const thing of things) await fleet.report(thing, old.jobId, "FAILED");
  const many = await fleet.fota(["retry", old.jobId]);
  expect(many.code).toBe(2);
  expect(many.stderr).toMatch(/\(TOO_MANY_TARGETS\)\nhint: --make-group/);
  const again = await retry(old.jobId, "--make-group", "again");
  expect(again.targets).toEqual(["arn:aws:iot:us-east-1:000000000000:thinggroup/again"]);
  expect((await retry(old.jobId, "--make-group", "again")).jobId).toBe(again.jobId);
});

test("an id that original devices mix up with one that waits is refused", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const other = JSON.stringify({ operation: "other" });
  await fleet.iot.send(
    new CreateJobCommand({ jobId: "spring", targets: [arnOf("pump-0")], document: other }),
  );
  await expect.poll(async () => (await jobOf("spring"))?.jobProcessDetails?.numberOfQueuedThings).toBe(1);
  expect(await refused(old.jobId, "--job-id", "spring-2")).toMatch(/job spring pending.+\(LEGACY_UNSAFE\)/);
});

test("an image that is gone, or is another by now, is not published again", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const at = { Bucket: BUCKET, Key: old.images[0]?.key ?? "" };
  const jobs = await jobCount();
  await fleet.s3.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(3_000) }));
  expect(await refused(old.jobId)).toMatch(/no longer the image of the job.+\(IMAGE_CHANGED\)/);
  await fleet.s3.send(new DeleteObjectCommand(at));
  expect(await refused(old.jobId)).toMatch(/no longer exists.+\(IMAGE_NOT_FOUND\)\nhint: publish/s);
  expect(await jobCount()).toBe(jobs);
});

test("a job that has expired, and one of another kind, are not retried", async () => {
  const { document } = await fleet.publish({ to: ["pump-0"] });
  const create = (jobId: string, value: object) =>
    fleet.iot.send(
      new CreateJobCommand({ jobId, targets: [arnOf("pump-0")], document: JSON.stringify(value) }),
    );
  await create("over", { ...document, bc_exp: 1_577_836_800 });
  expect(await refused("over")).toMatch(/expired at 2020-01-01T00:00:00.000Z.+\(ORDER_EXPIRED\)/);
  await create("reboot", { action: "reboot" });
  expect(await refused("reboot")).toMatch(
    /of another kind \(DOCUMENT_INVALID\)\nhint: run `fota show reboot --endpoint-url \S+ --local`/,
  );
});

test("a failure that cannot pass is named, and a person is asked before it is repeated", async () => {
  const old = await fleet.publish({ to: ["pump-0", "pump-1"] });
  const model = { reason: "wrong-model", detail: "the image is for another model", actual: "v1" };
  await fleet.report("pump-0", old.jobId, "FAILED", model);
  await fleet.report("pump-1", old.jobId, "FAILED", { reason: "download-failed" });
  const jobs = await jobCount();
  const no = await fleet.fota(["retry", old.jobId], [""]);
  expect(no.code).toBe(1);
  expect(no.stderr).toMatch(
    /warning:\S* 1 of 2 things will likely fail again.+: 1×\s+wrong-model: the image is for another model .+\[pump-0\]/s,
  );
  expect(no.stderr).toMatch(
    /hint:\S* `fota publish <image> --bucket fw-releases --slot 1 --model v1\s+--to pump-0\s.+` publishes/s,
  );
  expect(no.stderr).toMatch(/retry all 2 anyway\? \[y\/N\].+\(DECLINED\)/s);
  expect(await jobCount()).toBe(jobs);
  const planned = await retry(old.jobId, "--dry-run");
  expect(planned.plan?.warnings).toContainEqual(
    expect.objectContaining({
      code: "LIKELY_REPEATED",
      message: expect.stringMatching(/^1 of 2 things will likely fail again/),
    }),
  );
  const script = await retry(old.jobId);
  expect(script.stderr).toMatch(/^warning: 1 of 2 things .+\n$/);
  expect(await jobCount()).toBe(jobs + 1);
});

test("--yes repeats a failure that cannot pass without asking", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED", { reason: "signature-invalid" });
  const { code, stderr } = await fleet.fota(["retry", old.jobId, "--yes"], []);
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning:\S* the thing will likely fail again/);
});

test("a retry works without the permission to read causes", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED", { reason: "signature-invalid" });
  fleet.refuse("GET", `/things/pump-0/jobs/${old.jobId}`);
  expect((await retry(old.jobId)).stderr).toBe("");
});

test("a retry for many things asks, and no is no", async () => {
  await writeFile(join(fleet.folder, "fota.config.json"), JSON.stringify({ confirmAbove: 0 }));
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const jobs = await jobCount();
  const no = await fleet.fota(["retry", old.jobId], ["n"]);
  expect(no.code).toBe(1);
  expect(no.stderr).toMatch(/would create job fota-.+publish to 1 things?\?.+\(DECLINED\)/s);
  expect(await jobCount()).toBe(jobs);
  expect((await fleet.fota(["retry", old.jobId, "--yes"], [])).code).toBe(0);
  expect(await jobCount()).toBe(jobs + 1);
});

test("--wait follows the new job to its end", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const planned = await retry(old.jobId, "--dry-run");
  const waiting = fleet.fota(["retry", old.jobId, "--wait", "--json"]);
  await expect
    .poll(() =>
      fleet.report("pump-0", planned.jobId, "FAILED").then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  const { code, stdout } = await waiting;
  expect(code).toBe(3);
  expect(v.parse(publishOutputSchema, JSON.parse(stdout)).status).toMatchObject({ counts: { failed: 1 } });
});

test.each([
  ["iot:DescribeJob", "GET", (id: string) => `/jobs/${id}`],
  ["iot:GetJobDocument", "GET", (id: string) => `/jobs/${id}/job-document`],
  ["iot:ListJobExecutionsForJob", "GET", (id: string) => `/jobs/${id}/things`],
  ["iot:ListJobExecutionsForThing", "GET", () => "/things/pump-0/jobs"],
  ["iot:DescribeThing", "GET", () => "/things/pump-0"],
] as const)("without %s that is what is named, and no job is made", async (action, method, path) => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const jobs = await jobCount();
  fleet.refuse(method, path(old.jobId));
  expect(await refused(old.jobId)).toMatch(new RegExp(`\\(ACCESS_DENIED\\)\nhint: .+${action}$`, "m"));
  fleet.local.faults.clear();
  expect(await jobCount()).toBe(jobs);
});

test("without s3:GetObject that is what is named", async () => {
  const old = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", old.jobId, "FAILED");
  const key = old.images[0]?.key ?? "";
  fleet.local.faults.add({ kind: "answerError", status: 403, method: "HEAD", key });
  expect(await refused(old.jobId)).toMatch(/\(ACCESS_DENIED\)\nhint: .+s3:GetObject/);
  fleet.local.faults.clear();
  fleet.local.faults.add({ kind: "answerError", status: 403, method: "GET", key });
  expect(await refused(old.jobId)).toMatch(
    /the presigned URL is refused.+\(ACCESS_DENIED\)\nhint: .+s3:GetObject/,
  );
});

test.each([
  ["an end that there is not", ["x", "--only", "lost"], /"lost" \(USAGE\)\nhint: .+timed-out/],
  ["--dry-run with --wait", ["x", "--dry-run", "--wait"], /\(USAGE\)/],
] as const)("%s is wrong usage", async (_what, args, says) => {
  const { code, stderr } = await fleet.fota(["retry", ...args]);
  expect(stderr).toMatch(says);
  expect(code).toBe(2);
});
