import { spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkKeySet } from "@fota/shared";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { generatedKeySchema } from "../src/keygen/result.js";
import { FOTA } from "./cli.js";
import { runFota } from "./in-process.js";
import { hasPython } from "./on-pty.js";
import { stubEnvironment } from "./stub-environment.js";

let cwd: string;
beforeEach(async () => {
  stubEnvironment();
  cwd = await mkdtemp(join(tmpdir(), "fota-keygen-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cwd, { recursive: true });
});

const SECRET = " correct horse ";
const secret = { FOTA_PASSPHRASE: SECRET };

async function keygen(
  args: readonly string[],
  more: { env?: Record<string, string>; typed?: string[] } = {},
) {
  return await runFota(["keygen", ...args], { cwd, ...more });
}

test("a key is encrypted, readable by its owner alone, and its public half is printed in every form", async () => {
  const { code, stdout, stderr } = await keygen(["release-2026.pem", "--json"], { env: secret });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const made = v.parse(generatedKeySchema, JSON.parse(stdout));
  expect(made).toMatchObject({ id: "release-2026", publicFile: "release-2026.pem.pub", encrypted: true });
  checkKeySet({ version: 1, threshold: 1, keys: made.trust });
  const path = join(cwd, "release-2026.pem");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const pem = await readFile(path, "utf8");
  expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  const { x = "" } = createPrivateKey({ key: pem, passphrase: SECRET }).export({ format: "jwk" });
  const bytes = Buffer.from(x, "base64url");
  expect(made.publicKey).toBe(bytes.toString("base64"));
  expect(await readFile(join(cwd, made.publicFile), "utf8")).toBe(made.pem);
  const inC = [...made.c.matchAll(/0x([0-9a-f]{2})/g)].map(([, hex]) => hex).join("");
  expect(inC).toBe(bytes.toString("hex"));
  expect(made.c).toContain("fota_key_release_2026[32]");
});

test.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
  "OpenSSL reads the key and its public half",
  async () => {
    await keygen(["a.pem"], { env: secret });
    const openssl = (...args: string[]) =>
      spawnSync("openssl", args, { cwd, env: { ...process.env, PASS: SECRET } });
    const text = openssl("pkey", "-in", "a.pem", "-passin", "env:PASS", "-noout", "-text").stdout.toString();
    expect(text).toContain("ED25519 Private-Key");
    const derived = openssl("pkey", "-in", "a.pem", "-passin", "env:PASS", "-pubout").stdout.toString();
    expect(derived).toBe(await readFile(join(cwd, "a.pem.pub"), "utf8"));
  },
);

test("on a terminal, the passphrase is asked for twice and never shown", async () => {
  const made = await keygen(["a.pem"], { typed: [SECRET, SECRET] });
  expect(made.code).toBe(0);
  expect(made.stderr).toContain("new passphrase for a.pem:");
  expect(made.stderr + made.stdout).not.toContain("horse");
  const pem = await readFile(join(cwd, "a.pem"), "utf8");
  expect(createPrivateKey({ key: pem, passphrase: SECRET }).asymmetricKeyType).toBe("ed25519");

  const differing = await keygen(["b.pem"], { typed: [SECRET, "other"] });
  expect(differing).toMatchObject({ code: 1, stderr: expect.stringContaining("the two passphrases differ") });
  await expect(stat(join(cwd, "b.pem"))).rejects.toThrow("ENOENT");
});

/** Types a passphrase at each question on a pseudo-terminal, and prints what the terminal showed. */
const TYPE_ON_PTY = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
typed = 0
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    while shown.count(b":") > typed and shown.rstrip(b" ").endswith(b":") and typed < 2:
        typed += 1
        os.write(terminal, b"hunter2\\r")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

test.skipIf(!hasPython)("a real terminal does not show the passphrase", async () => {
  const args = ["-c", TYPE_ON_PTY, process.execPath, FOTA, "keygen", "a.pem"];
  const { CI: _ci, FOTA_PASSPHRASE: _secret, ...env } = process.env;
  const { stdout, status } = spawnSync("python3", args, { cwd, env, encoding: "utf8" });
  expect(status, stdout).toBe(0);
  expect(stdout).toContain("the same again:");
  expect(stdout).not.toContain("hunter2");
  const pem = await readFile(join(cwd, "a.pem"), "utf8");
  expect(createPrivateKey({ key: pem, passphrase: "hunter2" }).asymmetricKeyType).toBe("ed25519");
});

test("the first line of a file is the passphrase", async () => {
  await writeFile(join(cwd, "pass"), `${SECRET}\nmore\n`);
  expect((await keygen(["a.pem", "--passphrase-file", "pass"])).code).toBe(0);
  const pem = await readFile(join(cwd, "a.pem"), "utf8");
  expect(createPrivateKey({ key: pem, passphrase: SECRET }).asymmetricKeyType).toBe("ed25519");
});

test("--no-passphrase writes a plain key and warns of what that means", async () => {
  const { code, stderr } = await keygen(["a.pem", "--no-passphrase"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: a\.pem is not encrypted: everyone who can read it\s+can sign firmware/);
  expect(createPrivateKey(await readFile(join(cwd, "a.pem"))).asymmetricKeyType).toBe("ed25519");
});

test("no file is replaced, and no passphrase is an error where nobody can be asked", async () => {
  await keygen(["a.pem"], { env: secret });
  const before = await readFile(join(cwd, "a.pem"));
  const again = await keygen(["a.pem"], { env: secret });
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("never replaces a key") });
  expect(await readFile(join(cwd, "a.pem"))).toEqual(before);
  await writeFile(join(cwd, "b.pem.pub"), "mine");
  expect((await keygen(["b.pem"], { env: secret })).code).toBe(1);
  await expect(stat(join(cwd, "b.pem"))).rejects.toThrow("ENOENT");

  for (const env of [{}, { FOTA_PASSPHRASE: "" }] as Record<string, string>[]) {
    const { code, stderr } = await keygen(["c.pem"], { env });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("(KEY_INVALID)") });
  }
  const badId = await keygen(["my key.pem"], { env: secret });
  expect(badId).toMatchObject({ code: 2, stderr: expect.stringContaining("no name that can be a key id") });
  expect(await keygen(["ann=a.pem"], { env: secret })).toMatchObject({ code: 2 });
  const named = await keygen(["my key.pem", "--id", "ann", "--json"], { env: secret });
  expect(JSON.parse(named.stdout)).toMatchObject({ id: "ann" });
});
