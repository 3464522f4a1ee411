import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FotaError, isFotaError } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DeviceIdentityOptions, readDeviceIdentity } from "./device-identity.js";
import { nodeHttp } from "./http.js";

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../test/fixtures/tls", `${name}.pem`));
const [cert, key, ca] = [fixture("device"), fixture("device-key"), fixture("ca")];
const privateKey = createPrivateKey(key);
const encrypted = { cipher: "aes-256-cbc", passphrase: "open sesame" };

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-identity-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function failureOf(options: DeviceIdentityOptions): Promise<FotaError> {
  const error = await readDeviceIdentity(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isFotaError(error)) return error;
  throw new Error(`no FotaError but ${error}`);
}

function put(content: Uint8Array | string): string {
  const path = join(dir, `file-${Math.random()}`);
  writeFileSync(path, content);
  return path;
}

const der = (type: "pkcs8" | "pkcs1" | "sec1", of = privateKey) => of.export({ format: "der", type });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

test.each([
  ["as it comes", cert, key],
  ["with CRLF", String(cert).replaceAll("\n", "\r\n"), String(key).replaceAll("\n", "\r\n")],
  ["after a byte order mark", `\uFEFF${cert}`, `\uFEFF${key}`],
  ["indented, as in YAML", String(cert).replaceAll(/^/gm, "    "), String(key).replaceAll(/^/gm, "    ")],
  ["among text, as openssl writes it", `Bag Attributes\n  friendlyName: x\n${cert}\njunk`, `Key:\n${key}`],
  ["both in one file", `${key}${cert}`, `${cert}${key}`],
  ["in DER", new X509Certificate(cert).raw, der("pkcs8")],
  [
    "with line ends by their letters, as in JSON",
    JSON.stringify(String(cert)),
    JSON.stringify({ key: String(key) }),
  ],
  ["with the chain after it", `${cert}${ca}`, key],
] as const)("certificate and key are taken %s", async (_how, certContent, keyContent) => {
  const read = await readDeviceIdentity({ cert: put(certContent), key: put(keyContent), ca: put(ca) });
  expect(new X509Certificate(read.cert ?? "").fingerprint256).toBe(new X509Certificate(cert).fingerprint256);
  expect(createPrivateKey(read.key ?? "").equals(privateKey)).toBe(true);
  expect(read.ca).toHaveLength(1);
});

test.each([
  ["PKCS#8 in PEM", privateKey.export({ format: "pem", type: "pkcs8", ...encrypted })],
  ["PKCS#8 in DER", privateKey.export({ format: "der", type: "pkcs8", ...encrypted })],
] as const)("an encrypted key is taken with its passphrase: %s", async (_how, content) => {
  const read = await readDeviceIdentity({ cert, key: put(content), passphrase: () => "open sesame" });
  expect(createPrivateKey(read.key ?? "").equals(privateKey)).toBe(true);
  const path = put(content);
  const without = await failureOf({ cert, key: path });
  expect(without).toMatchObject({
    code: "CONFIG_INVALID",
    message: `the private key ${path} is encrypted, and no passphrase is given`,
  });
  const wrong = await failureOf({ cert, key: path, passphrase: "guess" });
  expect(wrong.message).toContain(`the passphrase does not decrypt the private key ${path}`);
});

test.each([
  ["pkcs1", rsa.export({ format: "pem", type: "pkcs1", ...encrypted })],
  [
    "sec1",
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      format: "pem",
      type: "sec1",
      ...encrypted,
    }),
  ],
] as const)("an encrypted key in the old form of OpenSSL is known as one: %s", async (_type, content) => {
  expect((await failureOf({ cert, key: put(content) })).message).toMatch(/is encrypted, and no passphrase/);
});

test.each([
  ["pkcs1", der("pkcs1", rsa)],
  ["sec1", der("sec1", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)],
])("a DER key in %s is a key", async (_type, content) => {
  expect((await failureOf({ cert, key: put(content) })).message).toMatch(/does not belong to/);
});

const html = "<!doctype html><title>Login</title>";
const pkcs12Head = Buffer.from("30820a0b0201033082", "hex");
const pkcs7Head = Buffer.from("3082040006092a864886f70d010702a082", "hex");
const publicKey = createPublicKey(privateKey).export({ format: "pem", type: "spki" });

test.each([
  ["key", key, "device certificate", "holds a private key, not a certificate", /swapped/],
  ["empty file", "", "device certificate", "is empty, not a certificate", /PEM or DER/],
  ["web page", html, "device certificate", "holds text without a PEM block, not a certificate", /PEM or DER/],
  [
    "cut off",
    cert.subarray(0, 200),
    "device certificate",
    "holds a PEM block that is cut off, not a certificate",
    /PEM/,
  ],
  [
    "UTF-16",
    Buffer.from(`\uFEFF${cert}`, "utf16le"),
    "device certificate",
    "holds UTF-16 text, not a certificate",
    /PEM/,
  ],
  [
    "PKCS#12",
    pkcs12Head,
    "device certificate",
    "holds a PKCS#12 bundle, not a certificate",
    /openssl pkcs12/,
  ],
  ["PKCS#7", pkcs7Head, "device certificate", "holds a PKCS#7 bundle, not a certificate", /openssl pkcs7/],
  [
    "erased flash",
    Buffer.alloc(512, 0xff),
    "device certificate",
    "holds 512 empty bytes, not a certificate",
    /PEM/,
  ],
  ["certificate", cert, "private key", "holds a certificate, not a private key", /swapped/],
  ["public key", publicKey, "private key", "holds a public key, not a private key", /swapped|PEM/],
  ["PKCS#12", pkcs12Head, "private key", "holds a PKCS#12 bundle, not a private key", /openssl pkcs12/],
  ["empty file", "", "private key", "is empty, not a private key", /PEM or DER/],
  ["key", key, "CA certificate", "holds a private key, not a certificate", /PEM|swapped/],
  ["web page", html, "CA certificate", "holds text without a PEM block, not a certificate", /PEM or DER/],
  ["empty file", "", "CA certificate", "is empty, not a certificate", /PEM or DER/],
] as const)(
  "a %s (%#) given as %s is refused, and the error names its content",
  async (_what, content, role, holds, hint) => {
    const path = put(content);
    const option = { "device certificate": "cert", "private key": "key", "CA certificate": "ca" }[role];
    const error = await failureOf({ cert, key, ca, [option]: path });
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toBe(`the ${role} ${path} ${holds}`);
    expect(error.hint).toMatch(hint);
  },
);

test("a damaged block is refused with its place", async () => {
  const damaged = String(ca).replace(/\n[A-Za-z0-9+/]{8}/, "\nAAAAAAAA");
  const error = await failureOf({ cert, key, ca: put(`${ca}${damaged}`) });
  expect(error).toMatchObject({ code: "CONFIG_INVALID" });
  expect(error.message).toMatch(/^the CA certificate .* holds a certificate number 2 that cannot be read: /);
});

test("a chain in the wrong order is reported", async () => {
  const error = await failureOf({ cert: `${ca}${cert}`, key });
  expect(error.message).toBe(
    "the device certificate holds the device's own certificate as number 2, not first",
  );
});

test("a key of another certificate is refused with both names", async () => {
  const error = await failureOf({ cert, key: fixture("stranger-key") });
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toMatch(/^the private key does not belong to the device certificate \(CN=/);
});

test("a base64 key that looks like a path stays out of the message", async () => {
  for (const base64 of [key.toString("base64"), der("pkcs8").toString("base64").slice(0, 164)]) {
    const error = await failureOf({ cert, key: base64 });
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).not.toContain(base64.slice(0, 20));
  }
  const error = await failureOf({ cert, key: der("pkcs8").toString("base64") });
  expect(error.message).toMatch(
    /^the private key cannot be read: a string of \d+ characters is neither PEM nor/,
  );
});

test("a file that is missing is named, without the words of the system", async () => {
  expect(await failureOf({ cert, key: "/no/such/key.pem" })).toMatchObject({
    code: "CONFIG_INVALID",
    message: "the private key cannot be read: /no/such/key.pem does not exist",
    hint: "put the file there, or set the path of another PEM or DER file, or its content",
  });
});

test.runIf(process.platform === "linux")(
  "a folder, a FIFO and an endless device are refused, not waited for",
  async () => {
    const [folder, fifo] = [join(dir, "folder"), join(dir, "fifo")];
    mkdirSync(folder);
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    for (const [path, why] of [
      [folder, `${folder} is a folder`],
      [fifo, `${fifo} is not a plain file`],
      ["/dev/zero", "/dev/zero is not a plain file"],
    ] as const) {
      expect(await failureOf({ cert: path, key })).toMatchObject({
        code: "CONFIG_INVALID",
        message: `the device certificate cannot be read: ${why}`,
      });
    }
  },
);

test("roots for downloads are checked the same way, before a connection", async () => {
  const path = put(html);
  const answer = nodeHttp({ ca: path }).get("https://127.0.0.1:1/app.bin", {}, 1_000);
  await expect(answer).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `the CA certificate ${path} holds text without a PEM block, not a certificate`,
  });
});

test.each([
  ["undefined", undefined],
  ["null", null],
  ["number", 5],
])("a function that returns %s is reported with that type", async (what, given) => {
  const error = await failureOf({ cert, key: () => given as unknown as string });
  expect(error).toMatchObject({
    code: "CONFIG_INVALID",
    message: `the private key cannot be read: it is ${what}, not a string or bytes`,
  });
});

test.runIf(process.getuid?.() === 0)(
  "a key that this user may not read is an error with a hint for that",
  async () => {
    const path = put(key);
    process.seteuid?.(65_534); // the folder belongs to root, and only root may enter it
    const error = await failureOf({ cert, key: path }).finally(() => process.seteuid?.(0));
    expect(error.message).toMatch(/^the private key cannot be read: EACCES/);
    expect(error.hint).toMatch(/^let the user of this process read the file/);
  },
);
