import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateJobCommand, GetJobDocumentCommand } from "@aws-sdk/client-iot";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { parseJobDocument, signedStatement } from "@fota/shared";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { shownJobSchema } from "../src/show/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const TARGET = "arn:aws:iot:us-east-1:000000000000:thing/pump-0";
const ROLE = "arn:aws:iam::000000000000:role/fota";
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.stop());
afterEach(() => {
  fleet.local.faults.clear();
});

async function show(jobId: string, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["show", jobId, ...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(shownJobSchema, JSON.parse(stdout));
}

async function text(jobId: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.fota(["show", jobId, ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

async function createJob(jobId: string, document: unknown, more: object = {}): Promise<void> {
  const command = { jobId, targets: [TARGET], document: JSON.stringify(document), ...more };
  await fleet.iot.send(new CreateJobCommand(command));
}

test("a published job is shown with its rollout as options, its image in S3 and how long its URL works", async () => {
  const { jobId, images, document } = await fleet.publish({
    to: ["pump-0", "pump-1"],
    rate: "50/min",
    abortOn: ["failed>10% after 20"],
    thingTimeout: "30m",
    expires: "2h",
    description: "spring release",
    fwVersion: "1.4.0",
  });
  const job = await show(jobId);
  expect(job).toMatchObject({
    jobId,
    status: "IN_PROGRESS",
    description: "spring release",
    continuous: false,
    counts: { queued: 2 },
    rollout: { rate: "50/min", abortOn: ["failed>10% after 20"], thingTimeout: "30m", timeout: "30m" },
    kind: "order",
    document,
    fwVersion: "1.4.0",
    signatures: [],
    images: [{ slot: 1, bucket: BUCKET, object: "matches", presign: "cli", expired: false }],
  });
  expect(job.images[0]?.expiresAt).toBe(images[0]?.expiresAt);

  const shown = await text(jobId);
  expect(shown).toContain('--abort-on "failed>10% after 20"');
  expect(shown).toMatch(/works for (2 h|120 min) more/);
  expect(shown).toContain("present, size and digest match");
  expect(shown).not.toContain("X-Amz-Signature");
  expect(await text(jobId, "--utc")).toMatch(/works until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
});

test("--document is the document alone, as devices get it", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-0"] });
  const { document = "" } = await fleet.iot.send(new GetJobDocumentCommand({ jobId }));
  expect(await text(jobId, "--document")).toBe(`${document}\n`);
});

test("a URL that has expired is reported with the command that makes a fresh one", async () => {
  const { document } = await fleet.publish({ to: ["pump-0"] });
  const old = document.bc_url.replace(/X-Amz-Date=\w+/, "X-Amz-Date=20200101T000000Z");
  await createJob("old-url", { ...document, bc_url: old, bc_exp: 1_577_836_800 });
  expect((await show("old-url")).images).toMatchObject([
    { expired: true, expiresAt: "2020-01-08T00:00:00.000Z" },
  ]);
  const shown = await text("old-url");
  expect(shown).toMatch(
    /expired \d+ days ago: devices that start now fail\n +fota retry old-url --endpoint-url/,
  );
  expect(shown).toContain("devices no longer start it");
});

test("AWS IoT presigns a placeholder, and its object is found", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-0"], presign: "iot", role: ROLE });
  expect(await show(jobId)).toMatchObject({
    role: ROLE,
    images: [{ bucket: BUCKET, object: "matches", presign: "iot", expiresAt: null, expired: false }],
  });
  expect(await text(jobId)).toContain(`presigns it when a device asks, with ${ROLE}`);
});

test("an object that is gone, and one that is another, are reported", async () => {
  const gone = await fleet.publish({ to: ["pump-0"] });
  const [image] = gone.images;
  const at = { Bucket: BUCKET, Key: image?.key ?? "" };
  await fleet.s3.send(new PutObjectCommand({ ...at, Body: Buffer.alloc(3_000) }));
  expect((await show(gone.jobId)).images).toMatchObject([{ object: "differs" }]);
  expect(await text(gone.jobId)).toContain("not the image of the job document");
  await fleet.s3.send(new DeleteObjectCommand(at));
  expect((await show(gone.jobId)).images).toMatchObject([{ object: "missing" }]);
});

test("an object that may not be looked at is named with the right that is missing", async () => {
  const { jobId, images } = await fleet.publish({ to: ["pump-0"] });
  fleet.local.faults.add({ kind: "answerError", status: 403, method: "HEAD", key: images[0]?.key ?? "" });
  expect((await show(jobId)).images).toMatchObject([
    { object: "unknown", because: expect.stringContaining("s3:GetObject") },
  ]);
});

test("signatures are checked with the key that is given", async () => {
  const { document } = await fleet.publish({ to: ["pump-0"] });
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const other = generateKeyPairSync("ed25519").publicKey;
  const statement = Buffer.from(signedStatement(parseJobDocument(document)));
  const sig = sign(null, statement, createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" })));
  await createJob("signed", { ...document, bc_sig: [{ key: "release-2026", sig: sig.toString("base64") }] });
  const pem = createPublicKey(publicKey.export({ format: "pem", type: "spki" }));
  await writeFile(join(fleet.folder, "key.pem"), pem.export({ format: "pem", type: "spki" }));
  const raw = Buffer.from(pem.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
  await writeFile(join(fleet.folder, "key.b64"), `${raw}\n`);
  await writeFile(join(fleet.folder, "other.pem"), other.export({ format: "pem", type: "spki" }));

  const signatures = async (...args: string[]) => (await show("signed", ...args)).signatures;
  expect(await signatures()).toEqual([{ key: "release-2026", verified: null }]);
  expect(await signatures("--key", "key.pem")).toEqual([{ key: "release-2026", verified: true }]);
  expect(await signatures("--key", "key.b64")).toEqual([{ key: "release-2026", verified: true }]);
  expect(await signatures("--key", "other.pem")).toEqual([{ key: "release-2026", verified: false }]);
});

test("another kind of job is shown as such", async () => {
  await createJob("reboot", { action: "reboot" });
  expect(await show("reboot")).toMatchObject({ kind: "other", document: { action: "reboot" }, images: [] });
  expect(await text("reboot")).toContain("not a fota job");
});

test("a document that devices refuse is shown with what is wrong", async () => {
  const { document } = await fleet.publish({ to: ["pump-0"] });
  await createJob("wrong", { ...document, bc_crc: "none", bc_size: 0 });
  expect(await show("wrong")).toMatchObject({
    kind: "invalid",
    fault: expect.stringMatching(/bc_crc.+bc_size/),
  });
  expect(await text("wrong")).toContain("devices refuse it");
});

test.each([
  ["iot:DescribeJob", (id: string) => `/jobs/${id}`],
  ["iot:GetJobDocument", (id: string) => `/jobs/${id}/job-document`],
] as const)("without %s that is what is named", async (action, path) => {
  const { jobId } = await fleet.publish({ to: ["pump-0"] });
  fleet.refuse("GET", path(jobId));
  const { code, stderr } = await fleet.fota(["show", jobId]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\(ACCESS_DENIED\)/);
  expect(stderr).toMatch(new RegExp(`hint: .+${action}$`, "m"));
});

test.each([
  ["a job that is not there", ["no-job"], 1, /\(JOB_NOT_FOUND\)/],
  ["a key that is not there", ["no-job", "--key", "no.pem"], 2, /no\.pem.+\(USAGE\)/],
  ["a key that is none", ["no-job", "--key", "app.bin"], 2, /app\.bin holds no Ed25519.+\(USAGE\)/],
] as const)("%s", async (_what, args, exitCode, says) => {
  await writeFile(join(fleet.folder, "app.bin"), "no key");
  const { code, stderr } = await fleet.fota(["show", ...args]);
  expect(stderr).toMatch(says);
  expect(code).toBe(exitCode);
});
