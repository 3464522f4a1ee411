import {
  CancelJobCommand,
  CreateJobCommand,
  CreateJobTemplateCommand,
  DeleteJobCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  ListJobsCommand,
} from "@aws-sdk/client-iot";
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deletionSchema } from "../src/delete/result.js";
import type { PublishResult } from "../src/index.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const TARGETS = ["arn:aws:iot:us-east-1:000000000000:thing/pump-9"];
let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(() => fleet.stop());

async function remove(jobId: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["delete", jobId, "--yes", ...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(deletionSchema, JSON.parse(stdout));
}

async function refused(jobId: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.fota(["delete", jobId, "--yes", ...args]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  return stderr;
}

async function isThere(jobId: string): Promise<boolean> {
  return await fleet.iot.send(new DescribeJobCommand({ jobId })).then(
    () => true,
    () => false,
  );
}

async function hasObject({ images: [image] }: Pick<PublishResult, "images">): Promise<boolean> {
  const command = new HeadObjectCommand({ Bucket: BUCKET, Key: image?.key ?? "" });
  return await fleet.s3.send(command).then(
    () => true,
    () => false,
  );
}

async function endedJob(options: object = {}): Promise<PublishResult> {
  const done = await fleet.publish({ to: ["pump-0"], ...options });
  await fleet.report("pump-0", done.jobId, "SUCCEEDED");
  return done;
}

async function createJob(jobId: string, document: object): Promise<void> {
  const command = new CreateJobCommand({ jobId, targets: TARGETS, document: JSON.stringify(document) });
  await fleet.iot.send(command);
}

test("an ended job goes with its image", async () => {
  const done = await endedJob();
  const { key = "" } = done.images[0] ?? {};
  expect(await remove(done.jobId)).toEqual({
    jobId: done.jobId,
    gone: true,
    images: [{ slot: 1, bucket: BUCKET, key, removed: true, olderVersions: false }],
  });
  expect(await isThere(done.jobId)).toBe(false);
  expect(await hasObject(done)).toBe(false);
  expect(await refused(done.jobId)).toMatch(/\(JOB_NOT_FOUND\)/);
});

test("an image that another job uses is kept, in whatever form its document names it", async () => {
  const done = await endedJob();
  const { key = "" } = done.images[0] ?? {};
  const encoded = encodeURIComponent(`https://s3.us-east-1.amazonaws.com/${BUCKET}/${key}`);
  await createJob("other-kind", { fetch: encoded });
  expect((await remove(done.jobId)).images).toMatchObject([
    { removed: false, because: "job other-kind uses it" },
  ]);
  expect(await isThere(done.jobId)).toBe(false);
  expect(await hasObject(done)).toBe(true);
});

test("an image that a job template names is kept, as jobs can be made of it", async () => {
  const done = await endedJob();
  const { jobArn } = (await fleet.iot.send(new DescribeJobCommand({ jobId: done.jobId }))).job ?? {};
  const jobTemplateId = "nightly";
  await fleet.iot.send(new CreateJobTemplateCommand({ jobTemplateId, description: "x", jobArn }));
  expect((await remove(done.jobId)).images).toMatchObject([
    { removed: false, because: "job template nightly uses it" },
  ]);
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([false, true]);
});

test("a job template whose document cannot be read counts as a user", async () => {
  const done = await endedJob();
  const document = JSON.stringify({ action: "reboot" });
  const template = { jobTemplateId: "secret", description: "x", document };
  await fleet.iot.send(new CreateJobTemplateCommand(template));
  fleet.refuse("GET", "/job-templates/secret");
  expect((await remove(done.jobId)).images).toMatchObject([
    { removed: false, because: "the document of job template secret cannot be read" },
  ]);
  expect(await hasObject(done)).toBe(true);
});

test("a job whose document cannot be read counts as a user", async () => {
  const done = await endedJob();
  await createJob("secret", { action: "reboot" });
  fleet.refuse("GET", "/jobs/secret/job-document");
  expect((await remove(done.jobId)).images).toMatchObject([
    { removed: false, because: "the document of job secret cannot be read" },
  ]);
  expect(await hasObject(done)).toBe(true);
});

test("--keep-image leaves S3 alone, and does not look at other jobs", async () => {
  const done = await endedJob();
  fleet.refuse("GET", "/jobs");
  expect((await remove(done.jobId, "--keep-image")).images).toMatchObject([
    { removed: false, because: "--keep-image" },
  ]);
  expect(await hasObject(done)).toBe(true);
});

test("an object that publish did not make is never deleted, whatever the document says", async () => {
  const { document } = await endedJob();
  const at = { Bucket: BUCKET, Key: "precious/master.bin" };
  await fleet.s3.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(document.bc_size) }));
  const url = new URL(document.bc_url);
  url.pathname = `/${BUCKET}/${at.Key}`;
  await createJob("forged", { ...document, bc_url: url.href });
  await fleet.report("pump-9", "forged", "SUCCEEDED");
  expect((await remove("forged")).images).toMatchObject([
    { removed: false, because: expect.stringContaining("fota publish") },
  ]);
  await fleet.s3.send(new HeadObjectCommand(at));
});

/** An image as another tool, or an earlier fota, put it: named by its content, without the mark. */
async function unmarkedJob(prefix: string, body: (image: Buffer) => Buffer = (image) => image) {
  const { document, images } = await endedJob();
  const { sha256 = "" } = images[0] ?? {};
  const image = await fleet.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: images[0]?.key ?? "" }));
  const bytes = Buffer.from((await image.Body?.transformToByteArray()) ?? []);
  const at = { Bucket: BUCKET, Key: `${prefix}/${sha256}/app.bin` };
  await fleet.s3.send(new PutObjectCommand({ ...at, Body: body(bytes) }));
  await fleet.iot.send(new DeleteJobCommand({ jobId: (await lastJob()) ?? "" }));
  const url = new URL(document.bc_url);
  url.pathname = `/${BUCKET}/${at.Key}`;
  await createJob("unmarked", { ...document, bc_url: url.href });
  await fleet.report("pump-9", "unmarked", "SUCCEEDED");
  return at;
}

async function lastJob(): Promise<string | undefined> {
  return (await fleet.iot.send(new ListJobsCommand({}))).jobs?.[0]?.jobId;
}

test("an object that is named by its content is kept where nothing shows that publish made it", async () => {
  const at = await unmarkedJob("artifacts");
  expect((await remove("unmarked")).images).toMatchObject([
    { removed: false, because: expect.stringContaining("give its --bucket and --prefix") },
  ]);
  await fleet.s3.send(new HeadObjectCommand(at));
});

test.each([
  ["another bucket", "other-bucket", "artifacts", false],
  ["another prefix", BUCKET, "fota", false],
  ["its bucket and prefix", BUCKET, "artifacts", true],
] as const)("an upload without a mark is known by its place: %s", async (_what, bucket, prefix, removed) => {
  await unmarkedJob("artifacts");
  const { images } = await remove("unmarked", "--bucket", bucket, "--prefix", prefix);
  expect(images).toMatchObject([{ removed }]);
});

test("an object that is not the image of the job any more is kept", async () => {
  const at = await unmarkedJob("fota", (image) => Buffer.concat([image, image]));
  expect((await remove("unmarked", "--bucket", BUCKET)).images).toMatchObject([
    { removed: false, because: expect.stringContaining("it is not the image of the job") },
  ]);
  await fleet.s3.send(new HeadObjectCommand(at));
});

test("a job that has not ended needs --force, which stops what things are at", async () => {
  const done = await fleet.publish({ to: ["pump-0", "pump-1"] });
  await fleet.report("pump-0", done.jobId, "IN_PROGRESS");
  expect(await refused(done.jobId)).toMatch(
    /has not ended: IN_PROGRESS \(JOB_NOT_ENDED\)\nhint: run `fota cancel/,
  );
  await fleet.iot.send(new CancelJobCommand({ jobId: done.jobId }));
  expect(await refused(done.jobId)).toMatch(/CANCELED, and 1 still in progress \(JOB_NOT_ENDED\)/);
  expect(await hasObject(done)).toBe(true);
  expect((await remove(done.jobId, "--force")).gone).toBe(true);
  const left = new DescribeJobExecutionCommand({ jobId: done.jobId, thingName: "pump-0" });
  await expect(fleet.iot.send(left)).rejects.toThrow();
});

test("a bucket that keeps versions keeps the image behind a delete marker, and that is said", async () => {
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await fleet.s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
  const done = await endedJob();
  const { stdout } = await fleet.fota(["delete", done.jobId, "--yes"]);
  expect(stdout).toMatch(/deleted {2}s3:.+\n +its bucket keeps versions: it is behind a delete marker/);
});

test("a job of another kind goes without an image", async () => {
  await createJob("reboot", { action: "reboot" });
  await fleet.report("pump-9", "reboot", "SUCCEEDED");
  expect(await remove("reboot")).toEqual({ jobId: "reboot", gone: true, images: [] });
});

test("what goes and what stays is said before it is asked, and no is no", async () => {
  const done = await endedJob();
  const no = await fleet.fota(["delete", done.jobId], ["n"]);
  expect(no.code).toBe(1);
  expect(no.stderr).toMatch(/s3:\S+ is deleted .*delete job .+\? \[y\/N\].+\(DECLINED\)/s);
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, true]);
  const nobody = await fleet.fota(["delete", done.jobId]);
  expect(nobody.stderr).toMatch(/\(DECLINED\)\nhint: use --yes/);
  expect((await fleet.fota(["delete", done.jobId], ["y"])).code).toBe(0);
});

test("Ctrl-C at the question deletes nothing", async () => {
  const done = await endedJob();
  const { code, stderr } = await fleet.fota(["delete", done.jobId], ["\u0003"]);
  expect(stderr).toContain("nothing was changed");
  expect(code).toBe(130);
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, true]);
});

test.each([
  ["iot:DescribeJob", "GET", (id: string) => `/jobs/${id}`],
  ["iot:GetJobDocument", "GET", (id: string) => `/jobs/${id}/job-document`],
  ["iot:ListJobs", "GET", () => "/jobs"],
  ["iot:ListJobTemplates", "GET", () => "/job-templates"],
] as const)("without %s that is what is named, and all is left", async (action, method, path) => {
  const done = await endedJob();
  fleet.refuse(method, path(done.jobId));
  expect(await refused(done.jobId)).toMatch(new RegExp(`\\(ACCESS_DENIED\\)\nhint: .+${action}`));
  fleet.local.faults.clear();
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, true]);
});

test("without s3:DeleteObject the job stays, so that its image can still be found", async () => {
  const done = await endedJob();
  fleet.local.faults.add({
    kind: "answerError",
    status: 403,
    method: "DELETE",
    key: done.images[0]?.key ?? "",
  });
  expect(await refused(done.jobId)).toMatch(/\(ACCESS_DENIED\)\nhint: .+s3:DeleteObject$/m);
  fleet.local.faults.clear();
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, true]);
  expect((await remove(done.jobId)).images).toMatchObject([{ removed: true }]);
});

test("without iot:DeleteJob the next run goes on from the image that is gone", async () => {
  const done = await endedJob();
  fleet.refuse("DELETE", `/jobs/${done.jobId}`);
  expect(await refused(done.jobId)).toMatch(/\(ACCESS_DENIED\)\nhint: .+iot:DeleteJob$/m);
  fleet.local.faults.clear();
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, false]);
  expect((await remove(done.jobId)).gone).toBe(true);
});

test("without iot:CancelJob a job that things are at is left as it is", async () => {
  const done = await fleet.publish({ to: ["pump-0"] });
  fleet.refuse("PUT", `/jobs/${done.jobId}/cancel`);
  expect(await refused(done.jobId, "--force")).toMatch(/\(ACCESS_DENIED\)\nhint: .+iot:CancelJob$/m);
  expect([await isThere(done.jobId), await hasObject(done)]).toEqual([true, true]);
});
