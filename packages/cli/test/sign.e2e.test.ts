import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  followKeyLinks,
  type JobDocument,
  keySetOf,
  parseJobDocument,
  parseKeySetLinks,
  signedStatement,
  signersOf,
} from "@fota/shared";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { signOutputSchema } from "../src/sign/result.js";
import { readPublicKey, verifyEd25519 } from "../src/signing/public-key.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

let cwd: string;
let keys: Record<"ann" | "bob" | "root", string>;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fota-sign-"));
  const made = await Promise.all(
    ["ann", "bob", "root"].map((name) =>
      runFota(["keygen", `${name}.pem`, "--no-passphrase", "--json"], { cwd }),
    ),
  );
  keys = Object.assign({}, ...made.map(({ stdout }) => JSON.parse(stdout).trust));
});
afterAll(async () => await rm(cwd, { recursive: true }));

// No credentials, no region, and an endpoint where nothing listens: signing needs no AWS access.
beforeEach(() => {
  stubEnvironment({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const IMAGE = Buffer.from("an image");
const DOCUMENT: JobDocument = {
  operation: "fota",
  bc_idx: 1,
  bc_crc: createHash("md5").update(IMAGE).digest("hex"),
  bc_size: IMAGE.length,
  bc_url: "https://fw.s3.eu-west-1.amazonaws.com/app.bin?X-Amz-Signature=1",
  bc_sha256: createHash("sha256").update(IMAGE).digest("hex"),
  bc_version: "1.4.2",
  bc_model: "pump",
};

async function write(name: string, value: unknown): Promise<void> {
  await writeFile(join(cwd, name), typeof value === "string" ? value : JSON.stringify(value));
}

async function sign(args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}) {
  const { code, stdout, stderr } = await runFota(["sign", ...args, "--json"], { cwd, ...more });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("error") });
  return { value: JSON.parse(stdout), stderr };
}

async function refused(...args: string[]) {
  const { code, stdout, stderr } = await runFota(["sign", ...args, "--json"], { cwd });
  expect(stdout).toBe("");
  return { exit: code, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error };
}

async function signers(document: JobDocument): Promise<string[]> {
  const checked = parseJobDocument(document);
  return await signersOf(signedStatement(checked), checked.bc_sig ?? [], keys, verifyEd25519);
}

test("a document is signed as it is: without new facts, in version 1 of the statement", async () => {
  await write("plan.json", DOCUMENT);
  const { value } = await sign(["plan.json", "--sign", "ann.pem"]);
  expect(value).toEqual({ ...DOCUMENT, bc_sig: [{ key: "ann", sig: expect.any(String) }] });
  expect(await signers(value)).toEqual(["ann"]);
  expect(signedStatement(value)).toMatch(/^fota order 1\n/);
  expect((await sign(["plan.json", "--sign", "ann.pem"])).value).toEqual(value);
});

test("facts are signed, with the time, and the output of `fota publish --json` from a pipe is enough", async () => {
  const published = { jobId: "a", document: DOCUMENT, images: [], plan: {} };
  const facts = ["--seq", "version", "--for", "lab-2", "--for", "lab-1", "--allow-downgrade"];
  const until = ["--valid-until", "2099-01-01 12:00"];
  const { value } = await sign(["-", "--sign", "release=ann.pem", ...facts, ...until], {
    stdin: JSON.stringify(published),
  });
  expect(value).toMatchObject({
    bc_seq: 66562,
    bc_for: ["lab-2", "lab-1"],
    bc_down: true,
    bc_exp: 4_070_952_000,
  });
  expect(Math.abs(value.bc_at - Date.now() / 1000)).toBeLessThan(60);
  expect(value.bc_sig).toMatchObject([{ key: "release" }]);
  keys = { ...keys, ...{ release: keys.ann } };
  expect(await signers(value)).toEqual(["release"]);
});

test("two people sign one after the other, and the second changes nothing that the first signed", async () => {
  await write("plan.json", DOCUMENT);
  await sign([
    "plan.json",
    "--sign",
    "ann.pem",
    "--seq",
    "7",
    "--signed-at",
    "2026-11-30",
    "--out",
    "signed.json",
  ]);
  const first = await readFile(join(cwd, "signed.json"), "utf8");
  const { value } = await sign(["signed.json", "--sign", "bob.pem", "--out", "signed.json"]);
  expect(v.parse(signOutputSchema, value)).toMatchObject({
    file: "signed.json",
    kind: "document",
    signers: ["ann", "bob"],
    added: ["bob"],
    dropped: [],
    statement: expect.stringContaining("signed 1795996800\n"),
  });
  const both = JSON.parse(await readFile(join(cwd, "signed.json"), "utf8"));
  expect(both).toEqual({ ...JSON.parse(first), bc_sig: [expect.anything(), expect.anything()] });
  expect(await signers(both)).toEqual(["ann", "bob"]);
});

test("the signer sees what the signature covers", async () => {
  await write("plan.json", DOCUMENT);
  const facts = ["--seq", "7", "--signed-at", "2026-11-30", "--for", "lab-1", "--allow-downgrade"];
  const args = ["sign", "plan.json", "--sign", "ann.pem", ...facts];
  const { stdout } = await runFota([...args, "--out", "seen.json"], { cwd });
  const covered = `  model    pump
  version  1.4.2
  image    slot 1, 8 B (8 bytes)
  sha256   ${DOCUMENT.bc_sha256}
  facts    sequence 7
           for lab-1
           downgrade allowed
           signed at 2026-11-30 00:00 UTC
`;
  expect(stdout).toBe(`✔ seen.json is signed by ann\n\n${covered}`);
  expect((await runFota(args, { cwd })).stderr).toBe(`signed by ann\n\n${covered}`);
});

test("the signer of a key set sees which keys it trusts", async () => {
  const more = { rootThreshold: 1, rootKeys: { root: keys.root }, seq: 5 };
  await write("seen-keys.json", {
    version: 2,
    threshold: 2,
    keys: { ann: keys.ann, bob: keys.bob },
    ...more,
  });
  const args = ["sign", "seen-keys.json", "--sign", "root.pem", "--out", "seen-link.json"];
  const { stdout } = await runFota(args, { cwd });
  expect(stdout).toBe(`✔ seen-link.json is signed by root

  key set    2
  documents  2 of ann, bob must sign
  key sets   1 of root must sign
  sequence   5
`);
});

test("signatures of other facts go, with a warning", async () => {
  await write("plan.json", DOCUMENT);
  await write("signed.json", (await sign(["plan.json", "--sign", "ann.pem"])).value);
  const { value, stderr } = await sign(["signed.json", "--sign", "bob.pem", "--seq", "8"]);
  expect(stderr).toContain("the signatures of ann are gone");
  expect(await signers(value)).toEqual(["bob"]);
});

test("a key set is signed by the old and the new keys, and devices follow it", async () => {
  await write("keys.json", {
    version: 2,
    threshold: 1,
    keys: { bob: await readFile(join(cwd, "bob.pem.pub"), "utf8") },
    rootKeys: { root: keys.root },
    seq: 5,
  });
  await sign(["keys.json", "--sign", "ann.pem", "--out", "link.json"]);
  const { value } = await sign(["link.json", "--sign", "root.pem"]);
  const [link] = parseKeySetLinks([value]);
  if (link === undefined) throw new Error("no link");
  const trusted = { version: 1, threshold: 1, keys: { ann: keys.ann } };
  const { set, seq } = await followKeyLinks(trusted, [link], verifyEd25519);
  expect({ set, seq }).toEqual({ set: keySetOf(link), seq: 5 });
  expect(set.keys).toEqual({ bob: keys.bob });
});

describe("--sign-with", () => {
  const script = (text: string) => write("signer.cjs", text);
  const WITH = ["--sign-with", `${process.execPath} signer.cjs`, "--public-key", "hsm=bob.pem.pub"];
  const signs = (print: string) =>
    script(`const { readFileSync } = require("node:fs");
const { sign } = require("node:crypto");
const bytes = sign(null, readFileSync(0), readFileSync("bob.pem"));
process.stdout.write(${print});`);

  beforeAll(() => write("plan.json", DOCUMENT));

  test.each([
    ["raw bytes", "bytes"],
    ["base64", 'bytes.toString("base64") + "\\n"'],
  ])("takes the signature of a command as %s", async (_what, print) => {
    await signs(print);
    const { value } = await sign(["plan.json", ...WITH]);
    const [{ sig = "" } = {}] = value.bc_sig;
    expect(value.bc_sig).toMatchObject([{ key: "hsm" }]);
    expect(await verifyEd25519(keys.bob, signedStatement(value), sig)).toBe(true);
  });

  test.each([
    ["63 bytes", "bytes.subarray(1)", /hsm returned 63 bytes/],
    ["nothing", '""', /hsm returned 0 bytes/],
    ["another signature", "bytes.reverse()", /does not verify with its public key/],
  ])("refuses %s", async (_what, print, message) => {
    await signs(print);
    const error = await refused("plan.json", ...WITH);
    expect(error).toMatchObject({ exit: 1, code: "SIGNER_FAILED", message: expect.stringMatching(message) });
  });

  test("a command that fails is reported with its last line", async () => {
    await script('console.error("no token\\nPIN locked"); process.exit(3)');
    expect(await refused("plan.json", ...WITH)).toMatchObject({
      code: "SIGNER_FAILED",
      message: "the command of --sign-with failed: exit code 3: PIN locked",
    });
  });

  test("needs its public key", async () => {
    expect(await refused("plan.json", "--sign-with", "true")).toMatchObject({ exit: 2, code: "USAGE" });
  });
});

/** Where Debian and Fedora put the module. */
const SOFTHSM = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"].find((path) =>
  existsSync(path),
);
const hasPkcs11 = SOFTHSM !== undefined && spawnSync("pkcs11-tool", ["--help"]).error === undefined;

describe.skipIf(!hasPkcs11)("PKCS#11, with SoftHSM (Debian: softhsm2, opensc)", () => {
  test("a key that never leaves the token signs through pkcs11-tool", async () => {
    await write("plan.json", DOCUMENT);
    await mkdir(join(cwd, "tokens"));
    await write("softhsm.conf", `directories.tokendir = ${join(cwd, "tokens")}\n`);
    const env = { ...process.env, SOFTHSM2_CONF: join(cwd, "softhsm.conf") };
    const ran = (command: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
      expect(status, stderr).toBe(0);
    };
    ran("softhsm2-util", "--init-token", "--free", "--label", "t", "--so-pin", "1234", "--pin", "1234");
    const token = ["--module", SOFTHSM ?? "", "--login", "--pin", "1234"];
    ran("pkcs11-tool", ...token, "--keypairgen", "--key-type", "EC:edwards25519", "--id", "01");
    ran("pkcs11-tool", ...token, "--read-object", "--type", "pubkey", "--id", "01", "-o", "hsm.pub");
    const command = `pkcs11-tool ${token.join(" ")} --sign -m EDDSA --id 01`;
    const { value } = await sign(["plan.json", "--sign-with", command, "--public-key", "hsm.pub"], {
      env: { SOFTHSM2_CONF: env.SOFTHSM2_CONF },
    });
    const key = await readPublicKey("hsm.pub", cwd);
    const checked = parseJobDocument(value);
    const found = await signersOf(
      signedStatement(checked),
      checked.bc_sig ?? [],
      { hsm: key },
      verifyEd25519,
    );
    expect(found).toEqual(["hsm"]);
  });
});

test.each<[string, object | string, string[], object]>([
  ["without a key", DOCUMENT, [], { exit: 2, code: "USAGE" }],
  ["not JSON", "{", ["--sign", "ann.pem"], { code: "DOCUMENT_INVALID" }],
  [
    "something else",
    { a: 1 },
    ["--sign", "ann.pem"],
    { code: "DOCUMENT_INVALID", message: "plan.json holds neither a job document nor a key set" },
  ],
  [
    "without a model",
    { ...DOCUMENT, bc_model: undefined },
    ["--sign", "ann.pem"],
    { code: "DOCUMENT_INVALID", hint: expect.stringContaining("--any-model") },
  ],
  [
    "without SHA-256",
    { ...DOCUMENT, bc_sha256: undefined },
    ["--sign", "ann.pem"],
    { code: "DOCUMENT_INVALID" },
  ],
  [
    "a model that cannot be signed",
    { ...DOCUMENT, bc_model: "pumpé" },
    ["--sign", "ann.pem"],
    { code: "DOCUMENT_INVALID" },
  ],
  [
    "the same key twice",
    DOCUMENT,
    ["--sign", "ann.pem", "--sign", "again=ann.pem"],
    { exit: 2, message: "two signers have the same key" },
  ],
  [
    "two keys with one id",
    DOCUMENT,
    ["--sign", "ann.pem", "--sign", "ann=bob.pem"],
    { exit: 2, message: "two signers have the id ann" },
  ],
  ["an expiry that has passed", DOCUMENT, ["--sign", "ann.pem", "--valid-until", "2020-01-01"], { exit: 2 }],
  ["an expiry that is not absolute", DOCUMENT, ["--sign", "ann.pem", "--valid-until", "+2h"], { exit: 2 }],
  [
    "a plan with a time far ahead, which devices would take for the present",
    { ...DOCUMENT, bc_at: 2 ** 50 },
    ["--sign", "ann.pem"],
    { code: "DOCUMENT_INVALID", message: expect.stringContaining("has not come") },
  ],
  [
    "a time of the signature that has not come",
    DOCUMENT,
    ["--sign", "ann.pem", "--signed-at", "2099-01-01"],
    { code: "DOCUMENT_INVALID", message: expect.stringContaining("has not come") },
  ],
  ["sequence number 0", DOCUMENT, ["--sign", "ann.pem", "--seq", "0"], { exit: 2 }],
  [
    "a version that gives no number",
    { ...DOCUMENT, bc_version: "1.300.0" },
    ["--sign", "ann.pem", "--seq", "version"],
    { exit: 2, message: expect.stringContaining("1.300.0 gives no sequence number") },
  ],
  [
    "a prerelease, whose number would be that of its release",
    { ...DOCUMENT, bc_version: "1.3.0-rc1" },
    ["--sign", "ann.pem", "--seq", "version"],
    { exit: 2, message: expect.stringContaining("1.3.0-rc1 gives no sequence number") },
  ],
  ["a name that no thing has", DOCUMENT, ["--sign", "ann.pem", "--for", "a b"], { code: "DOCUMENT_INVALID" }],
  ["a key file that is missing", DOCUMENT, ["--sign", "none.pem"], { exit: 1, code: "KEY_INVALID" }],
  [
    "a key set with a wrong key",
    { version: 2, threshold: 1, keys: { a: "AAAA" } },
    ["--sign", "ann.pem"],
    { exit: 2, code: "CONFIG_INVALID" },
  ],
  [
    "a key set that nobody can reach",
    { version: 2, threshold: 2, keys: { a: Buffer.alloc(32, 7).toString("base64") } },
    ["--sign", "ann.pem"],
    { code: "CONFIG_INVALID" },
  ],
  [
    "a fact for a key set",
    { version: 2, threshold: 1, keys: { a: Buffer.alloc(32, 7).toString("base64") } },
    ["--sign", "ann.pem", "--seq", "2"],
    { exit: 2, message: expect.stringContaining("--seq is for job documents") },
  ],
])("%s is refused", async (_what, input, args, error) => {
  await write("plan.json", input);
  expect(await refused("plan.json", ...args)).toMatchObject(error);
});

test("--out replaces no file but a job document or key set", async () => {
  await write("plan.json", DOCUMENT);
  const before = await readFile(join(cwd, "bob.pem"));
  expect(await refused("plan.json", "--sign", "ann.pem", "--out", "bob.pem")).toMatchObject({
    code: "FILE_ACCESS",
  });
  expect(await readFile(join(cwd, "bob.pem"))).toEqual(before);
});

test("a key that signed under another id is refused: devices count it once", async () => {
  await write("plan.json", DOCUMENT);
  await sign(["plan.json", "--sign", "ann.pem", "--out", "signed.json"]);
  expect(await refused("signed.json", "--sign", "again=ann.pem")).toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("signed already, as ann"),
  });
});

test("a key with the id of another key's signature is refused, and the signature stays", async () => {
  await write("plan.json", DOCUMENT);
  await sign(["plan.json", "--sign", "ann.pem", "--out", "signed.json"]);
  expect(await refused("signed.json", "--sign", "ann=bob.pem")).toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("another key signed as ann"),
  });
});

describe("a command of --sign-with", () => {
  const own = ["--public-key", "ann.pem.pub"];
  beforeEach(() => write("plan.json", DOCUMENT));

  test.each(["yes", "yes | cat", "(yes &)"])("that prints without end is stopped: %s", async (command) => {
    expect(await refused("plan.json", "--sign-with", command, ...own)).toMatchObject({
      code: "SIGNER_FAILED",
      message: expect.stringContaining("printed more than 64 KiB"),
    });
  });

  test("that leaves a process behind has ended nevertheless", async () => {
    const script = `const { createPrivateKey, sign } = require("node:crypto"); const { readFileSync } = require("node:fs");
      process.stdout.write(sign(null, readFileSync(0), createPrivateKey(readFileSync("ann.pem"))));`;
    await writeFile(join(cwd, "signer.cjs"), script);
    const command = `sleep 60 & echo $! > left; "${process.execPath}" signer.cjs`;
    const { value } = await sign(["plan.json", "--sign-with", command, ...own]);
    process.kill(Number(await readFile(join(cwd, "left"), "utf8")));
    expect(await signers(value)).toEqual(["ann"]);
  });
});

test("the settings file names the keys, beside itself, and the sequence number", async () => {
  await write("plan.json", DOCUMENT);
  await write("fota.config.json", { sign: ["ann.pem"], seq: "version" });
  const { value } = await sign(["plan.json"]);
  expect(value).toMatchObject({ bc_seq: 66562, bc_sig: [{ key: "ann" }] });
  await rm(join(cwd, "fota.config.json"));
});
