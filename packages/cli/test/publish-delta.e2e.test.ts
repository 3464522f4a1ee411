import { createHash, randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetJobDocumentCommand, ListJobsCommand } from "@aws-sdk/client-iot";
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { imagesOf, type JobDocument, parseJobDocument, signedStatement, signersOf } from "@fota/shared";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { deletionSchema } from "../src/delete/result.js";
import { imageInMemory } from "../src/image/image-bytes.js";
import { publish } from "../src/index.js";
import { applyDelta, readDeltaHeader } from "../src/patches/apply-delta.js";
import { publishOutputSchema } from "../src/publish/result.js";
import { shownJobSchema } from "../src/show/result.js";
import { verifyEd25519 } from "../src/signing/public-key.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

const OLD = randomBytes(60_000);
const NEW = Buffer.concat([OLD.subarray(0, 20_000), randomBytes(300), OLD.subarray(20_000)]);
const TEXT = Buffer.from("firmware ".repeat(9_000));
/** A text compresses; an old version of it is for patches. */
const OLD_TEXT = Buffer.concat([Buffer.from("an older "), TEXT]);
const BUILD_2 = Buffer.concat([OLD, Buffer.from("2")]);
const IMAGES = { old: OLD, build2: BUILD_2, new: NEW, text: TEXT, oldtext: OLD_TEXT };

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
  for (const [name, bytes] of Object.entries(IMAGES)) {
    await writeFile(join(fleet.folder, `${name}.bin`), bytes);
  }
});
afterAll(() => fleet.stop());

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function fota(...args: string[]) {
  return await fleet.fota(["publish", "--bucket", BUCKET, "--to", "pump-1", ...args]);
}

async function published(...args: string[]) {
  const { code, stdout, stderr } = await fota(...args, "--json");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { ...v.parse(publishOutputSchema, JSON.parse(stdout)), stderr };
}

async function objectKeys(): Promise<string[]> {
  const { Contents = [] } = await fleet.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return Contents.map(({ Key = "" }) => Key);
}

async function jobCount(): Promise<number> {
  return (await fleet.iot.send(new ListJobsCommand({}))).jobs?.length ?? 0;
}

/** Downloads a patch and applies it, as a device does. */
async function imageFrom(url: string, old: Buffer | undefined): Promise<Buffer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  const path = join(fleet.folder, "downloaded.patch");
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  const pieces: Buffer[] = [];
  await applyDelta({
    path,
    header: await readDeltaHeader(path),
    old: old && { open: async () => imageInMemory(old) },
    signal: new AbortController().signal,
    store: async (bytes) => {
      pieces.push(Buffer.from(bytes));
    },
  });
  return Buffer.concat(pieces);
}

test("a patch is offered beside the image, and makes it", async () => {
  const result = await published("new.bin", "--slot", "any", "--delta-from", "old.bin");
  expect(result.stderr).toBe("");
  const { document, patches = [] } = result;
  expect(document.bc_sha256).toBe(sha256(NEW));
  for (const { bc_delta } of imagesOf(document)) {
    expect(bc_delta).toHaveLength(1); // random bytes cannot be compressed
    expect(bc_delta?.[0]).toMatchObject({ from_sha256: sha256(OLD), from_size: OLD.length });
  }
  const [delta] = document.bc_delta ?? [];
  expect(delta?.bytes).toBeLessThan(1_000);
  expect((await imageFrom(delta?.url ?? "", OLD)).equals(NEW)).toBe(true);
  expect(patches).toMatchObject([
    { slots: [1, 0], fromSha256: sha256(OLD), bucket: BUCKET, sha256: delta?.sha256, size: delta?.bytes },
  ]);
  expect(patches[0]?.key).toMatch(
    new RegExp(`^fota/${delta?.sha256}/new\\.bin\\.[0-9a-f]{4}\\.from-${sha256(OLD).slice(0, 12)}\\.patch$`),
  );
  expect(patches[0]?.expiresAt).toBe(result.images[0]?.expiresAt);
  // What AWS has is what was printed.
  const { document: text } = await fleet.iot.send(new GetJobDocumentCommand({ jobId: result.jobId }));
  expect(parseJobDocument(JSON.parse(text ?? ""))).toEqual(document);
});

test("a device with the original library reads its five keys beside the patches, and downloads the whole image", async () => {
  const { jobId } = await published("new.bin", "--slot", "1", "--delta-from", "old.bin");
  const { document = "" } = await fleet.iot.send(new GetJobDocumentCommand({ jobId }));
  const { operation, bc_idx, bc_crc, bc_size, bc_url } = JSON.parse(document) as JobDocument;
  expect({ operation, bc_idx, bc_size }).toEqual({ operation: "fota", bc_idx: 1, bc_size: NEW.length });
  const image = Buffer.from(await (await fetch(bc_url)).arrayBuffer());
  expect(createHash("md5").update(image).digest("hex")).toBe(bc_crc);
});

test("the same publish again is the same job and uploads nothing; without the patch it is another one", async () => {
  const args = ["new.bin", "--slot", "1", "--delta-from", "old.bin"];
  const first = await published(...args);
  const before = { jobs: await jobCount(), objects: await objectKeys() };
  expect(await published(...args)).toMatchObject({ jobId: first.jobId, document: first.document });
  expect({ jobs: await jobCount(), objects: await objectKeys() }).toEqual(before);
  expect((await published("new.bin", "--slot", "1")).jobId).not.toBe(first.jobId);

  const key = first.patches?.[0]?.key ?? "";
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
  await published(...args);
  expect(await objectKeys()).toContain(key);
});

test("the plan shows the bytes of each patch, and changes nothing", async () => {
  const before = { jobs: await jobCount(), objects: await objectKeys(), scratch: await scratchFolders() };
  const args = ["text.bin", "--slot", "1", "--delta-from", "oldtext.bin", "--delta-from", "old.bin", "-n"];
  const { plan, jobArn } = await published(...args);
  expect(jobArn).toBeNull();
  expect(plan?.patches).toMatchObject([
    { slots: [1], from: "oldtext.bin", fromSha256: sha256(OLD_TEXT), offered: true, upload: true },
    { slots: [1], from: "old.bin", fromSha256: sha256(OLD), offered: true, upload: true },
    { slots: [1], from: null, fromSha256: null, offered: true, upload: true },
  ]);
  const { stdout } = await fota(...args);
  expect(stdout).toMatch(/^ {2}patches {5}from oldtext\.bin: \d+ B, 0\.\d % of the image$/m);
  expect(stdout).toMatch(/^ {14}compressed: \d+ B, 0\.\d % of the image$/m);
  expect(stdout).toContain('"url": "http://127.0.0.1'); // without its signature
  expect(stdout).not.toContain("X-Amz-Signature");
  expect({ jobs: await jobCount(), objects: await objectKeys(), scratch: await scratchFolders() }).toEqual(
    before,
  );
});

async function scratchFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => /^fota-.{6}$/.test(name));
}

test("what saves too little is not offered, and the plan shows it", async () => {
  const args = ["new.bin", "--slot", "1", "--delta-from", "text.bin", "--dry-run"];
  const { plan, document, patches } = await published(...args);
  expect(document).not.toHaveProperty("bc_delta");
  expect(patches).toBeUndefined();
  expect(plan?.patches).toMatchObject([
    { from: "text.bin", offered: false, upload: false },
    { from: null, offered: false, upload: false },
  ]);
  expect((await fota(...args)).stdout).toMatch(
    /^ {2}patches {5}from text\.bin: .* 100 % of the image: above 50 %, not offered$/m,
  );
});

test("an image for each slot gets patches from the images that devices run in another slot", async () => {
  const other = Buffer.concat([OLD, randomBytes(100)]);
  await writeFile(join(fleet.folder, "other.bin"), other);
  const { document } = await published(
    ...["0=new.bin", "1=other.bin", "--delta-from", "0=old.bin", "--delta-from", "1=other.bin"],
  );
  const froms = imagesOf(document).map(({ bc_idx, bc_delta = [] }) => [
    bc_idx,
    bc_delta.map(({ from_sha256 }) => from_sha256),
  ]);
  expect(froms).toEqual([
    [0, [sha256(other)]],
    [1, [sha256(OLD)]],
  ]);
});

test("old images without use are named; more than four are refused", async () => {
  const { stderr } = await published("new.bin", "--slot", "1", "--delta-from", "new.bin", "-n");
  expect(stderr).toContain("warning: no patch from new.bin: it is the image to publish");
  const same = await published("new.bin", "--slot", "1", "--delta-from", "1=old.bin", "-n");
  expect(same.stderr).toContain(
    "no patch from old.bin: devices that run it from slot 1 need an image for another slot",
  );
  const many: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    await writeFile(join(fleet.folder, `old${i}.bin`), Buffer.concat([OLD, Buffer.from([i])]));
    many.push("--delta-from", `old${i}.bin`);
  }
  const refused = await fota("new.bin", "--slot", "1", ...many);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("a job offers patches from at most 4 images to new.bin (USAGE)");
  const four = await published("new.bin", "--slot", "1", ...many.slice(2), "-n");
  expect(four.document.bc_delta).toHaveLength(4);
});

test("an old image that cannot be read ends the publish before any request", async () => {
  const before = { jobs: await jobCount(), objects: await objectKeys() };
  await writeFile(join(fleet.folder, "empty.bin"), "");
  for (const [file, says] of [
    ["none.bin", 'there is no file "none.bin" (IMAGE_NOT_FOUND)'],
    ["empty.bin", "empty.bin is empty (IMAGE_EMPTY)"],
  ] as const) {
    const { code, stderr } = await fota("new.bin", "--slot", "1", "--delta-from", file);
    expect(code).toBe(1);
    expect(stderr).toContain(says);
  }
  expect({ jobs: await jobCount(), objects: await objectKeys() }).toEqual(before);
});

test("the image of a job is downloaded: by its id, or by its version", async () => {
  const old = await published("old.bin", "--slot", "any", "--fw-version", "1.4.0");
  const byFile = await published("new.bin", "--slot", "any", "--delta-from", "old.bin", "-n");
  const scratch = await scratchFolders();
  for (const name of [old.jobId, "1.4.0"]) {
    const { document, plan, jobId } = await published("new.bin", "--slot", "any", "--delta-from", name, "-n");
    expect(jobId).toBe(byFile.jobId);
    expect(document.bc_delta).toMatchObject([{ from_sha256: sha256(OLD), from_size: OLD.length }]);
    expect(plan?.patches).toMatchObject([{ from: name, slots: [1, 0] }, { from: null }]);
  }
  expect(await scratchFolders()).toEqual(scratch);
});

test("a job whose image is gone, or is another one, is refused; nothing is made", async () => {
  const image = randomBytes(40_000);
  await writeFile(join(fleet.folder, "gone.bin"), image);
  const { jobId, images } = await published("gone.bin", "--slot", "1", "--fw-version", "1.5.0");
  const { bucket, key } = images[0] ?? { bucket: "", key: "" };
  const before = { jobs: await jobCount(), objects: (await objectKeys()).length };
  await fleet.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: randomBytes(40_000) }));
  const changed = await fota("new.bin", "--slot", "0", "--delta-from", "1.5.0");
  expect(changed.code).toBe(1);
  expect(changed.stderr).toContain(
    `the image of job ${jobId} cannot be used for a patch: s3://${bucket}/${key}`,
  );
  expect(changed.stderr).toContain("(IMAGE_CHANGED)");
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  const gone = await fota("new.bin", "--slot", "0", "--delta-from", jobId);
  expect(gone.code).toBe(1);
  expect(gone.stderr).toContain("no longer exists (IMAGE_NOT_FOUND)");
  expect(gone.stderr).toContain("hint: give the file of that image to --delta-from, or leave it out");
  const unknown = await fota("new.bin", "--slot", "0", "--delta-from", "nightly-7");
  expect(unknown.stderr).toContain("(JOB_NOT_FOUND)");
  expect({ jobs: await jobCount(), objects: (await objectKeys()).length + 1 }).toEqual(before);
});

test("--delta auto offers patches from what last succeeded on the things, and stays the same job", async () => {
  const to = ["pump-5", "pump-6", "pump-7"];
  const options = { slot: "any", images: ["old.bin"], fwVersion: "3.0.0" };
  const first = await fleet.publish({ ...options, to });
  const gone = await fleet.publish({ slot: "any", to: ["pump-7"], description: "random" });
  for (const thing of to) await fleet.report(thing, first.jobId, "SUCCEEDED");
  await fleet.report("pump-7", gone.jobId, "SUCCEEDED");
  const { bucket = "", key = "" } = gone.images[0] ?? {};
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));

  const args = ["new.bin", "--slot", "any", "--delta", "auto", "--fw-version", "3.1.0"];
  const targets = [...to, "pump-8"].flatMap((thing) => ["--to", thing]);
  const all = async (...more: string[]) => {
    const { code, stdout, stderr } = await fleet.fota([
      ...["publish", "--bucket", BUCKET, ...args, ...targets, ...more],
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return { stdout, stderr };
  };
  const planned = await all("-n", "--json");
  const { plan } = v.parse(publishOutputSchema, JSON.parse(planned.stdout));
  expect(plan?.patches).toMatchObject([{ from: "3.0.0", things: 2, offered: true }, { from: null }]);
  const bytes = plan?.patches?.[0]?.bytes ?? 0;
  expect(plan?.delta).toMatchObject({
    known: 3,
    things: 4,
    more: false,
    savedBytes: 2 * (NEW.length - bytes),
  });
  expect(planned.stderr).toContain(
    `warning: no patch for the thing with the image of job ${gone.jobId}: the image of job ${gone.jobId}`,
  );
  const named = v.parse(
    publishOutputSchema,
    JSON.parse((await all("-n", "--json", "--delta-from", "old.bin")).stdout),
  );
  expect(named.plan?.patches).toMatchObject([{ from: "old.bin", things: 2 }, { from: null }]);
  const { stdout } = await all("-n");
  expect(stdout).toMatch(/^ {2}patches {5}from 3\.0\.0 \(2 things\): \d+ B, /m);
  expect(stdout).toMatch(/^ {2}saves {7}11\d KiB\n {14}the image is known of 3 of 4 things, from \d+ jobs$/m);

  const created = v.parse(publishOutputSchema, JSON.parse((await all("--json")).stdout));
  expect(created.document.bc_delta).toMatchObject([{ from_sha256: sha256(OLD) }]);
  await eventually(() => fleet.report("pump-5", created.jobId, "SUCCEEDED"));
  await eventually(() => fleet.report("pump-6", created.jobId, "SUCCEEDED"));
  const again = v.parse(publishOutputSchema, JSON.parse((await all("--json")).stdout));
  expect(again).toMatchObject({ jobId: created.jobId, document: created.document });
  expect((await fota("new.bin", "--slot", "1", "--delta", "all")).stderr).toContain(
    '--delta must be auto, got "all" (USAGE)',
  );
});

test("two builds of one version count for themselves", async () => {
  const to = ["pump-2", "pump-3"];
  const options = { slot: "any", fwVersion: "5.0.0" };
  const jobs = [
    await fleet.publish({ ...options, images: ["old.bin"], to: ["pump-2"] }),
    await fleet.publish({ ...options, images: ["build2.bin"], to: ["pump-3"] }),
  ];
  for (const [index, { jobId }] of jobs.entries()) await fleet.report(to[index] ?? "", jobId, "SUCCEEDED");
  const { stdout, stderr } = await fleet.fota([
    ...["publish", "--bucket", BUCKET, "new.bin", "--slot", "any", "--delta", "auto", "-n", "--json"],
    ...to.flatMap((thing) => ["--to", thing]),
  ]);
  expect(stderr).toBe("");
  const { plan } = v.parse(publishOutputSchema, JSON.parse(stdout));
  const fromJobs = (plan?.patches ?? []).filter(({ offered }) => offered);
  expect(fromJobs.map(({ from }) => from).sort()).toEqual(jobs.map(({ jobId }) => jobId).sort());
  const saved = fromJobs.map(({ bytes }) => NEW.length - bytes);
  expect(plan?.delta).toMatchObject({ known: 2, savedBytes: saved.reduce((sum, each) => sum + each, 0) });
});

test("AWS IoT presigns patches too", async () => {
  const { document, patches } = await published(
    ...["new.bin", "--slot", "1", "--delta-from", "old.bin"],
    ...["--presign", "iot", "--role", "arn:aws:iam::000000000000:role/fota"],
  );
  expect(document.bc_delta?.[0]?.url).toMatch(/^\$\{aws:iot:s3-presigned-url:https:.*\.patch\}$/);
  expect(patches?.[0]?.expiresAt).toBeNull();
});

test("programs offer patches by `deltaFrom`", async () => {
  const { document } = await publish({
    ...{ images: ["new.bin"], slot: 1, to: ["pump-2"], bucket: BUCKET, deltaFrom: ["old.bin"] },
    ...{ cwd: fleet.folder, local: true, endpointUrl: fleet.local.endpoint },
  });
  expect(document.bc_delta).toMatchObject([{ from_sha256: sha256(OLD) }]);
  await expect(
    // @ts-expect-error: a program in JavaScript
    publish({ images: ["new.bin"], to: ["pump-2"], bucket: BUCKET, deltaFrom: "old.bin" }),
  ).rejects.toThrow("deltaFrom must be an array of texts, got 'old.bin'");
});

test("retry and promote keep the patches, with fresh URLs, as long as they exist", async () => {
  const first = await published("new.bin", "--slot", "1", "--delta-from", "old.bin", "--fw-version", "2.0.0");
  const { code, stdout } = await fleet.fota(["promote", first.jobId, "--to", "pump-3", "--force", "--json"]);
  expect(code).toBe(0);
  const promoted = v.parse(publishOutputSchema, JSON.parse(stdout));
  const [before, after] = [first.document.bc_delta?.[0], promoted.document.bc_delta?.[0]];
  expect(after).toEqual({ ...before, url: after?.url });
  expect((await imageFrom(after?.url ?? "", OLD)).equals(NEW)).toBe(true);

  const key = first.patches?.[0]?.key ?? "";
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
  const again = await fleet.fota(["promote", first.jobId, "--to", "pump-4", "--force", "--json"]);
  expect(again.stderr).toContain(
    `warning: the new job does not offer the patch of ${before?.bytes} bytes: s3://${BUCKET}/${key} no longer exists`,
  );
  expect(v.parse(publishOutputSchema, JSON.parse(again.stdout)).document).not.toHaveProperty("bc_delta");
});

test("show has the patches, and which of them are missing", async () => {
  const args = ["text.bin", "--slot", "any", "--delta-from", "oldtext.bin", "--fw-version", "4.0.0"];
  const { jobId, patches = [], document } = await published(...args);
  const { key = "" } = patches[1] ?? {};
  await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
  const shown = await fleet.fota(["show", jobId, "--json"]);
  const job = v.parse(shownJobSchema, JSON.parse(shown.stdout));
  const [patch, compressed] = document.bc_delta ?? [];
  for (const image of job.images) {
    expect(image.patches).toMatchObject([
      { fromSha256: sha256(OLD_TEXT), bytes: patch?.bytes, object: "matches", expired: false },
      { fromSha256: null, sha256: compressed?.sha256, key, object: "missing" },
    ]);
  }
  const { stdout } = await fleet.fota(["show", jobId]);
  expect(stdout).toMatch(/^ {2}patches {6}from [0-9a-f]{12}…: \d+ B, 0\.\d % of the image, present$/m);
  expect(stdout).toMatch(/compressed: \d+ B, 0\.\d % of the image, missing: devices download the image$/m);
});

test("delete removes the patches that no other job uses", async () => {
  const args = ["oldtext.bin", "--slot", "any", "--delta-from", "text.bin"];
  const first = await published(...args, "--fw-version", "5.0.0");
  const other = await published(...args, "--fw-version", "5.0.1");
  expect(other.jobId).not.toBe(first.jobId);
  const keys = (first.patches ?? []).map(({ key }) => key);
  expect(keys).toHaveLength(2);
  const remove = async (jobId: string) => {
    const { code, stdout, stderr } = await fleet.fota([
      "delete",
      jobId,
      "--force",
      "--yes",
      "--json",
      "--bucket",
      BUCKET,
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return v.parse(deletionSchema, JSON.parse(stdout)).images.filter(({ patch }) => patch === true);
  };
  for (const fate of await remove(first.jobId)) {
    expect(fate).toMatchObject({ removed: false, because: `job ${other.jobId} uses it` });
  }
  expect(await objectKeys()).toEqual(expect.arrayContaining(keys));
  const fates = await remove(other.jobId);
  expect(new Set(fates.map(({ key }) => key))).toEqual(new Set(keys));
  for (const fate of fates) expect(fate.removed).toBe(true);
  for (const key of keys) expect(await objectKeys()).not.toContain(key);
});

test("an interrupted publish leaves no job and no temporary file, and the next one continues", async () => {
  const image = Buffer.concat([NEW, Buffer.from("interrupted")]);
  await writeFile(join(fleet.folder, "interrupted.bin"), image);
  const before = { jobs: await jobCount(), scratch: await scratchFolders() };
  const stop = new AbortController();
  const request = {
    ...{ images: ["interrupted.bin"], slot: 1, to: ["pump-2"], bucket: BUCKET, deltaFrom: ["old.bin"] },
    ...{ cwd: fleet.folder, local: true, endpointUrl: fleet.local.endpoint },
  };
  let uploads = 0;
  const interrupted = publish({
    ...request,
    signal: stop.signal,
    onStep: (step) => {
      if (step === "upload") uploads += 1;
      if (uploads === 2) stop.abort(); // the image is there, the patch is next
    },
  });
  await expect(interrupted).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect({ jobs: await jobCount(), scratch: await scratchFolders() }).toEqual(before);
  const { document, patches = [] } = await publish(request);
  expect((await imageFrom(document.bc_delta?.[0]?.url ?? "", OLD)).equals(image)).toBe(true);
  expect(await objectKeys()).toContain(patches[0]?.key);
});

test("a signed document takes patches, and so does one that was signed elsewhere", async () => {
  const { stdout } = await fleet.fota(["keygen", "ann.pem", "--no-passphrase", "--json"]);
  const { trust } = JSON.parse(stdout);
  const isSigned = async (document: JobDocument) =>
    await signersOf(signedStatement(document), document.bc_sig ?? [], trust, verifyEd25519);
  const facts = ["--slot", "any", "--model", "pump", "--fw-version", "6.0.0"];
  const first = await published("new.bin", ...facts, "--sign", "ann.pem", "--delta-from", "old.bin");
  expect(first.document.bc_delta).toHaveLength(1);
  expect(await isSigned(first.document)).toHaveLength(1);

  const { bc_delta: _patches, ...plain } = first.document;
  const bare = { ...plain, bc_alt: plain.bc_alt?.map(({ bc_delta: _its, ...image }) => image) };
  await writeFile(join(fleet.folder, "signed.json"), JSON.stringify(bare));
  const elsewhere = ["new.bin", "--document", "signed.json"];
  expect((await published(...elsewhere)).document).not.toHaveProperty("bc_delta");
  const again = await published(...elsewhere, "--delta-from", "old.bin", "--to", "pump-2");
  expect(again.document.bc_sig).toEqual(first.document.bc_sig);
  expect(imagesOf(again.document).map(({ bc_delta }) => bc_delta?.length)).toEqual([1, 1]);

  // The patches of the file itself are kept, with fresh URLs.
  await writeFile(join(fleet.folder, "with-patches.json"), JSON.stringify(first.document));
  const kept = await published("new.bin", "--document", "with-patches.json", "--to", "pump-3");
  expect(kept.document.bc_delta).toMatchObject([{ sha256: first.document.bc_delta?.[0]?.sha256 }]);
});

test("--wait says what patches saved", async () => {
  const to = ["--bucket", BUCKET, "--to", "pump-9", "--job-id", "j9", "--wait"];
  const running = fleet.fota(["publish", "new.bin", "--slot", "1", "--delta-from", "old.bin", ...to]);
  await eventually(() => fleet.report("pump-9", "j9", "SUCCEEDED", { via: "patch", fetchedBytes: "100" }));
  const { code, stdout, stderr } = await running;
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^ {2}saved +\S+ \S+ of \S+ \S+ by patches, on 1 thing$/m);
});
