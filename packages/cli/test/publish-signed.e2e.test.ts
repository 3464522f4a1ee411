import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateJobCommand, ListJobsCommand } from "@aws-sdk/client-iot";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { type JobDocument, parseJobDocument, signedStatement, signersOf } from "@fota/shared";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkSignedBy, testKey } from "../../shared/test/signing.js";
import { publish } from "../src/index.js";
import { hasSameSignatures } from "../src/publish/signing.js";
import { verifyEd25519 } from "../src/signing/public-key.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";

let fleet: Fleet;
let keys: Record<string, string>;

beforeAll(async () => {
  fleet = await startFleet();
  keys = {};
  for (const name of ["ann", "bob"]) {
    const { stdout } = await fleet.fota(["keygen", `${name}.pem`, "--no-passphrase", "--json"]);
    Object.assign(keys, JSON.parse(stdout).trust);
  }
});
afterAll(() => fleet.stop());

const MODEL = ["--model", "pump", "--fw-version", "1.4.2", "--bucket", BUCKET];
let images = 0;

/** Writes an image that no other test publishes. */
async function newImage(name = "app.bin"): Promise<void> {
  await writeFile(join(fleet.folder, name), `image ${++images}`);
}

async function run(args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}) {
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint, "--json"];
  const { code, stdout, stderr } = await runFota([...args, ...reach], { cwd: fleet.folder, ...more });
  return { code, stdout, stderr, value: stdout === "" ? undefined : JSON.parse(stdout) };
}

async function published(args: readonly string[], more: { stdin?: string } = {}) {
  const { code, value, stderr } = await run(["publish", "app.bin", "--to", "pump-0", ...args], more);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return value;
}

/** Publishes, expects a refusal, and checks that nothing was created. */
async function refused(args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}) {
  const before = await everything();
  const { code, stdout, stderr } = await run(["publish", "app.bin", "--to", "pump-0", ...args], more);
  expect(stdout).toBe("");
  expect(await everything()).toEqual(before);
  return { exit: code, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error };
}

async function everything() {
  const { jobs = [] } = await fleet.iot.send(new ListJobsCommand({}));
  const { Contents = [] } = await fleet.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return [jobs.map(({ jobId }) => jobId), Contents.map(({ Key }) => Key)];
}

async function signers(document: JobDocument): Promise<string[]> {
  const checked = parseJobDocument(document);
  return await signersOf(signedStatement(checked), checked.bc_sig ?? [], keys, verifyEd25519);
}

test("a publish signs with each key, and the same publish again is the same job", async () => {
  await newImage();
  const args = [
    ...MODEL,
    "--slot",
    "any",
    "--sign",
    "ann.pem",
    "--sign",
    "bob.pem",
    "--seq",
    "version",
    "--for",
    "pump-0",
    "--valid-until",
    "2099-01-01",
  ];
  const first = await published(args);
  expect(first.document).toMatchObject({
    bc_seq: 66562,
    bc_for: ["pump-0"],
    bc_exp: 4_070_908_800,
    bc_at: expect.any(Number),
  });
  expect(await signers(first.document)).toEqual(["ann", "bob"]);
  const again = await published(args);
  expect(again).toEqual(first);
  const shown = await fleet.fota(["publish", "app.bin", "--to", "pump-0", ...args]);
  expect(shown.stdout).toMatch(
    /exists already: nothing to do[\s\S]*signed +by ann, bob, sequence 66562, for pump-0/,
  );

  const alone = await published([...MODEL, "--slot", "any", "--sign", "ann.pem"]);
  const unsigned = await published([...MODEL, "--slot", "any"]);
  expect(new Set([first, alone, unsigned].map(({ jobId }) => jobId)).size).toBe(3);
});

test("a device with the original library finds its five keys as in a document that is not signed", async () => {
  await newImage();
  const legacyKeys = async (...args: string[]) => {
    const { value } = await run([
      "publish",
      "app.bin",
      "--to",
      "pump-0",
      ...MODEL,
      "--slot",
      "1",
      ...args,
      "--dry-run",
    ]);
    const { operation, bc_idx, bc_crc, bc_size, bc_url } = value.document;
    return { operation, bc_idx, bc_crc, bc_size, bc_url: bc_url.split("?")[0] };
  };
  expect(await legacyKeys("--sign", "ann.pem", "--seq", "2", "--allow-downgrade")).toEqual(
    await legacyKeys(),
  );
});

test("a plan is signed elsewhere, by two people, and published with the images that it names", async () => {
  await newImage("app.bin");
  await newImage("b.bin");
  const plan = await run(["publish", "0=app.bin", "1=b.bin", "--to", "pump-0", ...MODEL, "--dry-run"]);
  const signed = await run(["sign", "-", "--sign", "ann.pem", "--seq", "7"], { stdin: plan.stdout });
  const both = await run(["sign", "-", "--sign", "bob.pem"], { stdin: signed.stdout });
  const args = ["publish", "app.bin", "b.bin", "--to", "pump-0", "--bucket", BUCKET, "--document", "-"];
  const done = await run(args, { stdin: both.stdout });
  expect({ code: done.code, stderr: done.stderr }).toEqual({ code: 0, stderr: "" });
  const { document } = done.value;
  expect(await signers(document)).toEqual(["ann", "bob"]);
  const bare = ({ bc_url: _url, bc_alt, ...rest }: JobDocument) => ({
    ...rest,
    bc_alt: bc_alt?.map(({ bc_url: _, ...alt }) => alt),
  });
  expect(bare(document)).toEqual(bare(both.value));
  expect((await run(args, { stdin: both.stdout })).value).toEqual(done.value);
  const other = await run(["sign", "-", "--sign", "ann.pem", "--seq", "8"], { stdin: plan.stdout });
  expect((await run(args, { stdin: other.stdout })).value.jobId).not.toBe(done.value.jobId);
});

describe("--document", () => {
  let signed: JobDocument;
  beforeAll(async () => {
    await newImage();
    const plan = await run(["publish", "app.bin", "--slot", "1", "--to", "pump-0", ...MODEL, "--dry-run"]);
    signed = (await run(["sign", "-", "--sign", "ann.pem"], { stdin: plan.stdout })).value;
    await writeFile(join(fleet.folder, "signed.json"), JSON.stringify(signed));
  });
  const DOCUMENT = ["--bucket", BUCKET, "--document", "signed.json"];

  test.each([
    ["another slot", ["--slot", "0"], [/no image for slot 0/]],
    [
      "another version and model",
      ["--fw-version", "2.0.0", "--model", "valve"],
      [/version is 2\.0\.0, and the document has 1\.4\.2/, /model is valve/],
    ],
  ])("names every difference: %s", async (_what, args, messages) => {
    const { exit, code, message } = await refused([...DOCUMENT, ...args]);
    expect({ exit, code }).toEqual({ exit: 1, code: "DOCUMENT_DIFFERS" });
    for (const text of messages) expect(message).toMatch(text);
  });

  test("names size and digests of another image", async () => {
    const image = await readFile(join(fleet.folder, "app.bin"));
    await writeFile(join(fleet.folder, "app.bin"), "something longer than before");
    const { message } = await refused(DOCUMENT);
    expect(message).toMatch(/app\.bin, slot 1: size is 28, .*MD5 is .*SHA-256 is /);
    await writeFile(join(fleet.folder, "app.bin"), image);
  });

  test("takes no fact that would change it, and no document that is not signed or has expired", async () => {
    expect(await refused([...DOCUMENT, "--seq", "9"])).toMatchObject({
      exit: 2,
      message: expect.stringContaining("--seq would change"),
    });
    const { bc_sig: _signatures, ...bare } = signed;
    const stdin = ["--bucket", BUCKET, "--document", "-"];
    expect(await refused(stdin, { stdin: JSON.stringify(bare) })).toMatchObject({
      code: "SIGNATURE_INVALID",
    });
    const expired = JSON.stringify({ ...signed, bc_exp: 1_577_836_800 });
    expect(await refused(stdin, { stdin: expired })).toMatchObject({ code: "ORDER_EXPIRED" });
  });

  test("is shown with its signatures as not verified, except those made now", async () => {
    const args = ["publish", "app.bin", "--to", "pump-0", ...DOCUMENT, "--sign", "bob.pem", "--dry-run"];
    const { stdout } = await fleet.fota(args);
    expect(stdout).toMatch(/signed +by ann \(not verified\), bob\n/);
  });

  test("gets another signature with --sign", async () => {
    const { document } = await published([...DOCUMENT, "--sign", "bob.pem"]);
    expect(await signers(document)).toEqual(["ann", "bob"]);
  });
});

test("key sets are carried, and an unsigned one is refused", async () => {
  await newImage();
  const [ann, bob] = [testKey(1, "ann"), testKey(2, "bob")];
  const set = { v: 2, t: 1, keys: Object.entries(keys) };
  const link = linkSignedBy(set, ann, bob);
  await writeFile(join(fleet.folder, "link.json"), JSON.stringify(link));
  const args = [...MODEL, "--slot", "1", "--sign", "ann.pem", "--keys", "link.json"];
  expect((await published(args)).document.bc_keys).toEqual([link]);
  await writeFile(join(fleet.folder, "link.json"), JSON.stringify([link, { ...link, v: 4 }]));
  expect(await refused(args)).toMatchObject({
    message: expect.stringContaining("key set 4 does not follow"),
  });
  await writeFile(join(fleet.folder, "link.json"), JSON.stringify({ version: 2, threshold: 1, keys: {} }));
  expect(await refused(args)).toMatchObject({
    code: "DOCUMENT_INVALID",
    message: "link.json holds a key set that is not signed",
  });
});

test.each<[string, object, string[], object]>([
  [
    "whose newest set does not have the signer",
    { t: 1, keys: [["eve", testKey(3).publicKey]] },
    [],
    { exit: 1, code: "SIGNATURE_INVALID", message: expect.stringContaining("0 of 1 keys that key set 2") },
  ],
  [
    "that require more signers",
    { t: 2 },
    [],
    { code: "SIGNATURE_INVALID", message: expect.stringContaining("1 of 2 keys that key set 2") },
  ],
  [
    "that set a higher sequence number",
    { seq: 9 },
    ["--seq", "8"],
    { exit: 2, message: expect.stringContaining("sets the sequence number to 9, and the document has 8") },
  ],
])(
  "key sets %s are refused, because each device would refuse the document",
  async (_what, more, args, error) => {
    await newImage();
    const set = { v: 2, t: 1, keys: Object.entries(keys), ...more };
    await writeFile(join(fleet.folder, "link.json"), JSON.stringify(linkSignedBy(set, testKey(1))));
    const signed = [...MODEL, "--slot", "1", "--sign", "ann.pem", "--keys", "link.json", ...args];
    expect(await refused(signed)).toMatchObject(error);
  },
);

describe("a signer that fails changes nothing", () => {
  beforeAll(async () => {
    await newImage();
    await fleet.fota(["keygen", "locked.pem", "--passphrase-file", "app.bin"]);
    await writeFile(join(fleet.folder, "short.cjs"), "process.stdout.write(Buffer.alloc(63))");
  });
  const WITH = ["--public-key", "ann.pem.pub", "--sign-with"];

  test.each<[string, string[], string]>([
    ["a wrong passphrase", ["--sign", "locked.pem"], "KEY_INVALID"],
    ["a missing key", ["--sign", "none.pem"], "KEY_INVALID"],
    ["a command that exits 1", [...WITH, "exit 1"], "SIGNER_FAILED"],
    ["a command that does not exist", [...WITH, "./no-such-command"], "SIGNER_FAILED"],
    ["63 bytes", [...WITH, `${process.execPath} short.cjs`], "SIGNER_FAILED"],
    ["a signature of something else", [...WITH, "head -c 64 /dev/zero"], "SIGNER_FAILED"],
  ])("%s", async (_what, args, code) => {
    const env = { FOTA_PASSPHRASE: "wrong" };
    expect(await refused([...MODEL, "--slot", "1", ...args], { env })).toMatchObject({ exit: 1, code });
  });

  test.each<[string, string[], object]>([
    ["no model", ["--sign", "ann.pem"], { code: "DOCUMENT_INVALID" }],
    [
      "a fact without a key",
      ["--model", "p", "--seq", "1"],
      { exit: 2, message: expect.stringContaining("no key is given") },
    ],
    [
      "targets that it does not name",
      ["--model", "p", "--sign", "ann.pem", "--for", "pump-1"],
      { code: "TARGET_INVALID", message: expect.stringContaining("pump-0 would refuse it") },
    ],
  ])("%s is refused", async (_what, args, error) => {
    expect(await refused(["--bucket", BUCKET, "--slot", "1", ...args])).toMatchObject(error);
  });
});

describe("a signed job", () => {
  let jobId: string;
  let document: JobDocument;
  beforeAll(async () => {
    await newImage();
    const until = ["--valid-until", "2099-01-01", "--allow-downgrade"];
    const args = [
      ...MODEL,
      "--slot",
      "1",
      "--sign",
      "ann.pem",
      "--seq",
      "7",
      "--for",
      "pump-0",
      "--for",
      "pump-1",
      ...until,
    ];
    ({ jobId, document } = await published(args));
    await fleet.report("pump-0", jobId, "FAILED", { reason: "sequence-refused", expected: "9 or more" });
  });

  test("is shown with who signed it, and what for", async () => {
    const { value } = await run(["show", jobId, "--key", "ann.pem.pub"]);
    expect(value).toMatchObject({
      signatures: [{ key: "ann", verified: true }],
      signed: {
        seq: 7,
        things: ["pump-0", "pump-1"],
        allowsDowngrade: true,
        validUntil: "2099-01-01T00:00:00.000Z",
      },
    });
    const { stdout } = await fleet.fota(["show", jobId]);
    expect(stdout).toMatch(
      /signed +by ann: not checked.*\n +sequence +7\n +only for +pump-0, pump-1\n +downgrade +allowed/,
    );
  });

  test("that a device refused is explained with its signature and the command that signs again", async () => {
    const { value } = await run(["why", jobId, "--thing", "pump-0"]);
    expect(value.evidence).toContainEqual({
      name: "signed",
      value: expect.stringMatching(/^by ann \(not verified\), sequence 7, for pump-0, pump-1/),
    });
    expect(value.next[0].command).toContain("--sign <key> --seq 9");
  });

  test("that a device refused is shown with its signature by status too", async () => {
    const { value } = await run(["status", jobId]);
    expect(value.signed).toMatch(
      /^by ann \(not verified\), sequence 7, for pump-0, pump-1, downgrade allowed/,
    );
    const { stdout } = await fleet.fota(["status", jobId]);
    expect(stdout).toMatch(/signed +by ann \(not verified\), sequence 7/);
  });

  test("keeps its signatures when it is retried and promoted to things that it names", async () => {
    const { bc_url: _url, ...facts } = document;
    for (const args of [
      ["retry", jobId],
      ["promote", jobId, "--to", "pump-1", "--force"],
    ]) {
      const { code, value, stderr } = await run([...args, "--yes"]);
      expect(code, stderr).toBe(0);
      expect(value.document).toMatchObject(facts);
      expect(value.document.bc_url).not.toBe("");
    }
  });

  test("is not promoted to others, nor after its expiry: the hint has the commands that sign again", async () => {
    const before = await everything();
    const other = await run(["promote", jobId, "--to", "pump-2", "--force", "--yes"]);
    expect(other).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("pump-2 would refuse it"),
    });
    expect(other.stderr).toContain("| fota sign - --for <thing> --sign <key> --out signed.json");
    expect(await everything()).toEqual(before);
    const again = ["--for", "pump-2", "--sign", "bob.pem", "--out", "again.json"];
    const shown = await run(["show", jobId, "--document"]);
    expect((await run(["sign", "-", ...again], { stdin: shown.stdout })).code).toBe(0);
    const iot = ["--presign", "iot", "--role", "arn:aws:iam::000000000000:role/fota"];
    const bucket = ["--bucket", BUCKET, "--document", "again.json"];
    const signedAgain = await run(["publish", "app.bin", "--to", "pump-2", ...bucket, ...iot]);
    expect(await signers(signedAgain.value.document)).toEqual(["bob"]);
    expect(signedAgain.value.document).toMatchObject({ bc_for: ["pump-2"], bc_seq: 7 });

    const expired = { ...document, bc_exp: 1_577_836_800 };
    const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-0"];
    await fleet.iot.send(
      new CreateJobCommand({ jobId: "expired", targets, document: JSON.stringify(expired) }),
    );
    const late = await run(["promote", "expired", "--to", "pump-1", "--force", "--yes"]);
    expect(late).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("fota sign - --valid-until <time>"),
    });
  });
});

test("a program publishes signed documents, and the settings file names keys for both", async () => {
  await newImage();
  const reach = { local: true, endpointUrl: fleet.local.endpoint, cwd: fleet.folder };
  const request = { images: ["app.bin"], slot: 1, to: ["pump-0"], bucket: BUCKET, model: "pump", ...reach };
  const { document } = await publish({ ...request, sign: ["ann.pem"], seq: 3 });
  expect(document.bc_seq).toBe(3);
  expect(await signers(document)).toEqual(["ann"]);
  await writeFile(join(fleet.folder, "signing.json"), JSON.stringify({ sign: ["bob.pem"], seq: "version" }));
  const second = await publish({ ...request, fwVersion: "2.0.0", config: "signing.json" });
  expect(await signers(second.document)).toEqual(["bob"]);
  expect(second.document.bc_seq).toBe(131_072);
});

test("a job has the same signatures whenever its own keys signed, but not with others or forged ones", async () => {
  const document: JobDocument = parseJobDocument({
    operation: "fota",
    bc_idx: 1,
    bc_crc: "0".repeat(32),
    bc_size: 1,
    bc_url: "https://fw.example/a",
    bc_sha256: "0".repeat(64),
    bc_seq: 1,
  });
  const [ann, bob] = [testKey(1, "ann"), testKey(2, "bob")];
  const at = (bc_at: number, ...signedBy: (typeof ann)[]) => {
    const timed = { ...document, bc_at };
    return { ...timed, bc_sig: signedBy.map((key) => key.sign(signedStatement(timed))) };
  };
  const { bc_sig: _none, ...planned } = at(2);
  const signer = { ...ann, sign: async () => Buffer.alloc(0) };
  expect(await hasSameSignatures(at(1, ann), planned, [signer])).toBe(true);
  expect(await hasSameSignatures(at(1, ann, bob), planned, [signer])).toBe(false);
  expect(await hasSameSignatures({ ...at(1, ann), bc_at: 5 }, planned, [signer])).toBe(false);
  expect(await hasSameSignatures(at(1, bob), at(1, bob), [])).toBe(true);
  expect(await hasSameSignatures(at(1, bob), at(2, bob), [])).toBe(false);
  expect(await hasSameSignatures(at(1, ann, bob), at(1, bob), [signer])).toBe(true);
});
