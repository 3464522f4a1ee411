import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPrivateKey } from "./private-key.js";
import { parsePublicKey, rawPublicKey, readPublicKey } from "./public-key.js";

const PASSPHRASE = "open sesame";
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const RAW = rawPublicKey(publicKey);

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fota-keys-"));
  await writeFile(join(cwd, "key"), "", { mode: 0o600 });
});
afterAll(async () => await rm(cwd, { recursive: true }));

/** Reads a key; `asked` lists the files that a passphrase was asked for. */
async function read(contents: string | Buffer, passphrase = PASSPHRASE) {
  await writeFile(join(cwd, "key"), contents);
  const asked: string[] = [];
  const found = await readPrivateKey("key", cwd, async (path) => {
    asked.push(path);
    return passphrase;
  });
  return { publicKey: rawPublicKey(found.key), warning: found.warning, asked };
}

const pem = (key: KeyObject) => key.export({ format: "pem", type: "pkcs8" }).toString();
const encrypted = { cipher: "aes-256-cbc", passphrase: PASSPHRASE } as const;

test.each([
  ["PEM", pem(privateKey), []],
  ["DER", privateKey.export({ format: "der", type: "pkcs8" }), []],
  ["encrypted PEM", privateKey.export({ format: "pem", type: "pkcs8", ...encrypted }).toString(), ["key"]],
  ["encrypted DER", privateKey.export({ format: "der", type: "pkcs8", ...encrypted }), ["key"]],
])("PKCS#8 as %s is read", async (_what, contents, asked) => {
  expect(await read(contents)).toEqual({ publicKey: RAW, warning: undefined, asked });
});

test.each([
  ["with a byte order mark", `\ufeff${pem(privateKey)}`],
  ["with CRLF", pem(privateKey).replaceAll("\n", "\r\n")],
])("PEM %s is read", async (_what, contents) => {
  expect((await read(contents)).publicKey).toBe(RAW);
});

test("a file with two keys is refused: which one signs would be chance", async () => {
  const other = pem(generateKeyPairSync("ed25519").privateKey);
  await expect(read(pem(privateKey) + other)).rejects.toThrow("key holds 2 private keys");
});

test("UTF-16 is named as such", async () => {
  const contents = Buffer.from(`\ufeff${pem(privateKey)}`, "utf16le");
  await expect(read(contents)).rejects.toThrow("key is UTF-16, not UTF-8");
});

test.skipIf(process.platform === "win32").each([
  [0o644, "every user of this machine can read key, and it is not encrypted"],
  [0o600, undefined],
])("a key without a passphrase and with mode %o: %s", async (mode, warning) => {
  await writeFile(join(cwd, "key"), "");
  await chmod(join(cwd, "key"), mode);
  expect((await read(pem(privateKey))).warning).toEqual(warning && expect.stringContaining(warning));
  const locked = privateKey.export({ format: "pem", type: "pkcs8", ...encrypted }).toString();
  expect((await read(locked)).warning).toBeUndefined();
  await chmod(join(cwd, "key"), 0o600);
});

test("a wrong passphrase is an error that does not repeat it", async () => {
  const contents = privateKey.export({ format: "pem", type: "pkcs8", ...encrypted }).toString();
  const error = await read(contents, "guess").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "KEY_INVALID",
    message: "the passphrase does not open the key in key",
  });
  expect(JSON.stringify(error)).not.toContain("guess");
});

test.each([
  ["RSA", pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), /the key in key is RSA/],
  ["ECDSA", pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey), /the key in key is ECDSA/],
  [
    "encrypted RSA of the older form",
    generateKeyPairSync("rsa", { modulusLength: 2048 })
      .privateKey.export({ format: "pem", type: "pkcs1", ...encrypted })
      .toString(),
    /the key in key is RSA/,
  ],
  ["Ed448", pem(generateKeyPairSync("ed448").privateKey), /the key in key is Ed448/],
  ["public", publicKey.export({ format: "pem", type: "spki" }).toString(), /holds no private key/],
  ["random", Buffer.from("no key at all"), /neither PKCS#8 nor a file of OpenSSH/],
])("a key that is %s is refused by name", async (_what, contents, message) => {
  await expect(read(contents)).rejects.toMatchObject({
    code: "KEY_INVALID",
    message: expect.stringMatching(message),
  });
});

describe.skipIf(spawnSync("sh", ["-c", "command -v ssh-keygen"]).status !== 0)("a key of OpenSSH", () => {
  const make = (name: string, ...args: string[]) =>
    spawnSync("ssh-keygen", ["-q", "-f", join(cwd, name), ...args], { encoding: "utf8" });

  test("is read with a warning, and so is its public file", async () => {
    make("login", "-t", "ed25519", "-N", "");
    const found = await read(await readFile(join(cwd, "login")));
    expect(found.publicKey).toBe(await readPublicKey("login.pub", cwd));
    expect(found.warning).toContain("do not sign firmware with a key that also logs in");
  });

  test("that is encrypted is refused with the command that converts it", async () => {
    make("locked", "-t", "ed25519", "-N", PASSPHRASE);
    await expect(read(await readFile(join(cwd, "locked")))).rejects.toMatchObject({
      code: "KEY_INVALID",
      hint: expect.stringContaining("ssh-keygen -p"),
    });
  });

  test("of another type is refused by name", async () => {
    make("ecdsa", "-t", "ecdsa", "-N", "");
    await expect(read(await readFile(join(cwd, "ecdsa")))).rejects.toMatchObject({
      message: expect.stringContaining("is ecdsa-sha2-nistp256"),
    });
  });

  test("that is cut anywhere is refused, not taken for another one", async () => {
    make("whole", "-t", "ed25519", "-N", "");
    const text = await readFile(join(cwd, "whole"), "utf8");
    const whole = await read(text);
    const [, base64 = ""] = /KEY-----\n(.*?)-----END/s.exec(text) ?? [];
    const bytes = Buffer.from(base64, "base64");
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length).toString("base64");
      const result = await read(
        `-----BEGIN OPENSSH PRIVATE KEY-----\n${cut}\n-----END OPENSSH PRIVATE KEY-----\n`,
      ).catch((error: unknown) => error);
      if (!(result instanceof Error)) expect(result).toEqual(whole);
      else expect(result).toMatchObject({ code: "KEY_INVALID" });
    }
  });
});

test.each([
  ["PEM", publicKey.export({ format: "pem", type: "spki" }).toString(), RAW],
  ["base64", `${RAW}\n`, RAW],
  ["words that decode to 32 bytes", "no key! ".repeat(9).slice(0, 60), undefined],
  ["31 bytes", Buffer.alloc(31).toString("base64"), undefined],
  ["an ssh line of another type", "ssh-rsa AAAA", undefined],
  ["an ssh line with another inside", `ssh-ed25519 ${Buffer.alloc(51).toString("base64")}`, undefined],
])("a public key as %s", (_what, text, key) => {
  expect(parsePublicKey(text)).toBe(key);
});

test("a public key in DER, as tools of security modules write it, is read", async () => {
  await writeFile(join(cwd, "key.der"), publicKey.export({ format: "der", type: "spki" }));
  expect(await readPublicKey("key.der", cwd)).toBe(RAW);
});

test("a public key with which anyone can forge signatures is refused", async () => {
  await writeFile(join(cwd, "weak"), Buffer.from([1, ...Buffer.alloc(31)]).toString("base64"));
  await expect(readPublicKey("weak", cwd)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("small order"),
  });
});
