import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder, readIdentity, writeKey } from "./folder.js";
import type { ThingSpec } from "./spec.js";

let dir: string;
let spec: ThingSpec;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-identity-"));
  spec = { thingName: "pump-1", dir, group: undefined, attributes: {}, request: undefined };
});
afterEach(() => rm(dir, { recursive: true }));

function newKey(type: "ed25519" | "rsa"): string {
  const { privateKey } =
    type === "rsa" ? generateKeyPairSync(type, { modulusLength: 2048 }) : generateKeyPairSync(type);
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

test("a folder that is missing has nothing", async () => {
  const identity = await readIdentity({ ...spec, dir: join(dir, "none") });
  expect(identity).toEqual({ certificate: undefined, key: undefined, config: undefined });
});

test.each([
  ["agent.json", '{"thingName":"pump-2"}', 'agent.json belongs to thing "pump-2"'],
  ["agent.json", "{", "cannot use "],
  ["agent.json", "[]", "it must hold a JSON object"],
  ["cert.pem", "no certificate", "cannot use "],
  ["key.pem", "no key", "key.pem is not a private key in PEM without a passphrase"],
  ["key.pem", newKey("ed25519"), "key.pem is not a key on P-256, P-384 or P-521"],
  ["key.pem", newKey("rsa"), "key.pem is not a key on P-256, P-384 or P-521"],
])("%s with %j is refused", async (file, text, message) => {
  await writeFile(join(dir, file), text);
  const reading = readIdentity(spec);
  await expect(reading).rejects.toMatchObject({ code: "IDENTITY_INVALID" });
  await expect(reading).rejects.toThrow(message);
});

test.each(["agent.json", "cert.pem", "key.pem"])("a folder in place of %s is refused", async (file) => {
  await mkdir(join(dir, file));
  await expect(readIdentity(spec)).rejects.toMatchObject({
    code: "FILE_ACCESS",
    message: expect.stringContaining(`cannot read ${join(dir, file)}: EISDIR`),
  });
});

test("a key that is there is refused with --csr, which is for one that is elsewhere", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(dir, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await expect(readIdentity({ ...spec, request: "x" })).rejects.toThrow("--csr is for a key that stays");
});

test("a key is for its owner alone, and is never replaced", async () => {
  await writeKey(dir, "first");
  const path = join(dir, "key.pem");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(writeKey(dir, "second")).rejects.toMatchObject({ code: "FILE_ACCESS" });
  expect(await readFile(path, "utf8")).toBe("first");
});

test("a folder that is made is for its owner alone; one that is there keeps its mode", async () => {
  const [made, there] = [join(dir, "a", "b"), join(dir, "there")];
  await makeFolder(made);
  expect((await stat(made)).mode & 0o777).toBe(0o700);
  await makeFolder(there);
  await chmod(there, 0o755);
  await makeFolder(there);
  expect((await stat(there)).mode & 0o777).toBe(0o755);
});
