import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateJobCommand } from "@aws-sdk/client-iot";
import { type JobDocument, parseJobDocument } from "@fota/shared";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { keysOf, linkSignedBy, signedBy, testKey } from "../../shared/test/signing.js";
import { createDigester } from "../src/image/digests.js";
import { formatVerification } from "../src/verify/format.js";
import { verificationSchema } from "../src/verify/result.js";
import { startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const [ann, bob, root, eve] = [testKey(1, "ann"), testKey(2, "bob"), testKey(3, "root"), testKey(4, "eve")];
const IMAGE = Buffer.from("an image");
const digester = createDigester(false);
digester.update(IMAGE);
const { md5, sha256 } = digester.digests();

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fota-verify-"));
  for (const { id, publicKey } of [ann, bob, eve]) await write(`${id}.pub`, publicKey);
  await write("keys.json", { version: 1, threshold: 2, keys: keysOf(ann, bob) });
  await writeFile(join(cwd, "app.bin"), IMAGE);
  await write("other.bin", "another image");
});
afterAll(async () => await rm(cwd, { recursive: true }));

// A file is verified offline.
beforeEach(() =>
  stubEnvironment({ AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "", AWS_REGION: "" }),
);
afterEach(() => {
  vi.unstubAllEnvs();
});

async function write(name: string, value: unknown): Promise<void> {
  await writeFile(join(cwd, name), typeof value === "string" ? value : JSON.stringify(value));
}

function document(more: Partial<JobDocument> = {}): JobDocument {
  return parseJobDocument({
    operation: "fota",
    bc_idx: 1,
    bc_crc: md5,
    bc_size: IMAGE.length,
    bc_url: "https://fw.example/app.bin",
    bc_sha256: sha256,
    bc_version: "1.4.2",
    bc_model: "pump",
    ...more,
  });
}

async function verify(value: unknown, ...args: string[]) {
  await write("signed.json", value);
  const { code, stdout, stderr } = await runFota(["verify", "signed.json", ...args, "--json"], { cwd });
  expect(stderr).toBe("");
  const found = v.parse(verificationSchema, JSON.parse(stdout));
  expect(code).toBe(found.valid ? 0 : 1);
  return found;
}

test("a signed document is valid, with its facts and what a device checks beyond them", async () => {
  const signed = signedBy(
    document({ bc_seq: 7, bc_for: ["lab-1"], bc_exp: 4_070_952_000, bc_at: 1_795_996_800 }),
    ann,
  );
  const found = await verify({ jobId: "a", document: signed }, "--key", "ann.pub", "--image", "app.bin");
  expect(found).toMatchObject({
    valid: true,
    kind: "document",
    faults: [],
    signers: ["ann"],
    threshold: 1,
    signatures: [{ key: "ann", state: "right" }],
    facts: { seq: 7, things: ["lab-1"], allowsDowngrade: false, validUntil: "2099-01-01T12:00:00.000Z" },
    images: [{ name: "app.bin", slots: [1], differences: [] }],
  });
  expect(found.deviceChecks.join("\n")).toMatch(
    /model: it is pump\n.*not above 1\.4\.2\n.*not above 7\nthing: .*lab-1/,
  );
  const { stdout } = await runFota(["verify", "signed.json", "--key", "ann.pub"], { cwd });
  expect(stdout).toMatch(/^✔ signed\.json is signed by ann\n/);
});

test("the threshold of the key set counts different keys, and each signature has its state", async () => {
  const one = signedBy(document(), ann, eve);
  expect(await verify(one, "--keys", "keys.json")).toMatchObject({
    valid: false,
    faults: ["1 of 2 required keys signed it"],
    threshold: 2,
    signatures: [
      { key: "ann", state: "right" },
      { key: "eve", state: "unknown" },
    ],
  });
  expect(await verify(one, "--keys", "keys.json", "--threshold", "1")).toMatchObject({ valid: true });
  expect(await verify(signedBy(document(), ann, bob), "--keys", "keys.json")).toMatchObject({ valid: true });
  const altered = { ...signedBy(document(), ann, bob), bc_version: "9.0.0" };
  expect(await verify(altered, "--keys", "keys.json")).toMatchObject({
    valid: false,
    faults: ["0 of 2 required keys signed it"],
    signatures: [{ state: "wrong" }, { state: "wrong" }],
  });
  expect(await verify(document(), "--key", "ann.pub")).toMatchObject({
    valid: false,
    faults: ["it is not signed"],
  });
});

test("an expired document is not valid, and an image that differs is named with each difference", async () => {
  const expired = signedBy(document({ bc_exp: 1_577_836_800 }), ann);
  expect((await verify(expired, "--key", "ann.pub")).faults).toEqual([
    "it expired at 2020-01-01T00:00:00.000Z",
  ]);
  const found = await verify(signedBy(document(), ann), "--key", "ann.pub", "--image", "other.bin");
  expect(found).toMatchObject({ valid: false, signers: ["ann"] });
  expect(found.faults.join("\n")).toMatch(
    /^other\.bin, slot 1: size is 13, .* 8\n.*MD5 is .*\n.*SHA-256 is /,
  );
  const wrongSlot = await verify(signedBy(document(), ann), "--key", "ann.pub", "--image", "0=app.bin");
  expect(wrongSlot.faults).toEqual(["app.bin, the document has no image for slot 0"]);
});

test("a key set is verified against the one before it, and documents with it as its devices do", async () => {
  const link = linkSignedBy(
    { v: 2, t: 1, keys: [["bob", bob.publicKey]], rt: 1, roots: [["root", root.publicKey]] },
    ann,
    root,
  );
  await write("old.json", { version: 1, threshold: 1, keys: keysOf(ann) });
  expect(await verify(link, "--keys", "old.json")).toMatchObject({ valid: true, kind: "keys" });
  const half = { ...link, sig: link.sig.slice(0, 1) };
  expect(await verify(half, "--keys", "old.json")).toMatchObject({
    valid: false,
    faults: ["0 of 1 root keys of the new set signed key set 2"],
  });
  const carried = signedBy(document({ bc_keys: [link] }), bob);
  expect(await verify(carried, "--keys", "old.json")).toMatchObject({
    valid: true,
    signers: ["bob"],
    keySet: 2,
  });
  const byOldKey = signedBy(document({ bc_keys: [link] }), ann);
  expect(await verify(byOldKey, "--keys", "old.json")).toMatchObject({
    valid: false,
    faults: ["0 of 1 required keys of key set 2, which it carries, signed it"],
    signatures: [{ key: "ann", state: "unknown" }],
  });
});

test("a list of key sets is followed from the trusted one, and the newest of a list is trusted", async () => {
  const second = linkSignedBy({ v: 2, t: 1, keys: [["bob", bob.publicKey]] }, ann, bob);
  const third = linkSignedBy({ v: 3, t: 1, keys: [["root", root.publicKey]] }, bob, root);
  await write("old.json", { version: 1, threshold: 1, keys: keysOf(ann) });
  await write("second.json", second);
  await write("list.json", [second, third]);
  for (const trusted of ["old.json", "second.json"]) {
    expect(await verify([second, third], "--keys", trusted)).toMatchObject({ valid: true, kind: "keys" });
  }
  const unsigned = { ...second, sig: second.sig.slice(1) };
  expect(await verify([unsigned, third], "--keys", "old.json")).toMatchObject({
    valid: false,
    faults: ["0 of 1 keys of the old set signed key set 2"],
  });
  expect(await verify(signedBy(document(), root), "--keys", "list.json")).toMatchObject({ valid: true });
});

test("the text names slots together, and wraps what devices check", async () => {
  const { bc_crc, bc_size, bc_url } = document();
  const bc_alt = [{ bc_idx: 0, bc_crc, bc_size, bc_url, bc_sha256: sha256 }];
  const found = await verify(document({ bc_alt }), "--key", "ann.pub", "--image", "app.bin");
  const text = formatVerification(found, { paint: (_style, plain) => plain, columns: 80 });
  expect(text).toContain("app.bin is the one for slot 0 or 1\n");
  expect(text).toContain("devices check  model: it is pump\n");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test.each<[string[], RegExp]>([
  [["signed.json"], /give either --key or --keys/],
  [["signed.json", "--key", "ann.pub", "--keys", "keys.json"], /give either --key or --keys/],
  [["signed.json", "--key", "ann.pub", "--threshold", "2"], /threshold is 2, but there are only 1/],
  [["signed.json", "--key", "ann.pub", "--key", "x=ann.pub"], /are the same key/],
  [["no/such", "--key", "ann.pub"], /cannot read no\/such/],
  [["such.json", "--key", "ann.pub"], /cannot read such\.json/],
  [["no such job", "--key", "ann.pub"], /is not a job id/],
])("%j is an error", async (args, message) => {
  const { code, stdout, stderr } = await runFota(["verify", ...args], { cwd });
  expect({ code: code > 0, stdout }).toEqual({ code: true, stdout: "" });
  expect(stderr.replaceAll(/\s+/g, " ")).toMatch(message);
});

test("the document of a job is verified where AWS can be reached", async () => {
  vi.unstubAllEnvs();
  const fleet = await startFleet();
  try {
    const signed = signedBy(document({ bc_url: "https://fw.s3.us-east-1.amazonaws.com/app.bin" }), ann);
    const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-0"];
    await fleet.iot.send(
      new CreateJobCommand({ jobId: "signed", targets, document: JSON.stringify(signed) }),
    );
    await writeFile(join(fleet.folder, "ann.pub"), ann.publicKey);
    const { code, stdout } = await fleet.fota(["verify", "signed", "--key", "ann.pub", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, source: "job signed", signers: ["ann"] });
    expect(code).toBe(0);
    const none = await fleet.fota(["verify", "none", "--key", "ann.pub"]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("(JOB_NOT_FOUND)") });
  } finally {
    await fleet.stop();
  }
});
