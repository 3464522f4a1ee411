import { X509Certificate } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Config } from "../config/schema.js";
import { checkIdentity, clockFinding } from "./identity.js";

const FIXTURES = join(import.meta.dirname, "../../../test/fixtures/tls");
const CERTIFICATE = new X509Certificate(readFileSync(join(FIXTURES, "device.pem")));
const ENDS_MS = Date.parse(CERTIFICATE.validTo);
const DAY_MS = 86_400_000;

let key: string;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-check-"));
  key = join(dir, "key.pem");
  copyFileSync(join(FIXTURES, "device-key.pem"), key);
  chmodSync(key, 0o600);
});
afterAll(() => rmSync(dir, { recursive: true }));

async function findings(nowMs: number, change: Partial<Config> = {}) {
  const files = { cert: join(FIXTURES, "device.pem"), key, ca: join(FIXTURES, "ca.pem") };
  const found = await checkIdentity({ ...files, ...change } as Config, nowMs);
  return found.map(({ check, status }) => `${check} ${status}`);
}

test("certificate, key and root are checked", async () => {
  expect(await findings(ENDS_MS - 100 * DAY_MS)).toEqual(["certificate ok", "key ok", "root CA ok"]);
});

test.each([
  ["expires in less than 30 days", ENDS_MS - 29 * DAY_MS, "certificate warn"],
  ["has expired", ENDS_MS, "certificate fail"],
])("a certificate that %s is told", async (_what, nowMs, finding) => {
  expect(await findings(nowMs)).toContain(finding);
});

test("a key of another certificate is one failure", async () => {
  expect(await findings(ENDS_MS - 100 * DAY_MS, { key: join(FIXTURES, "stranger-key.pem") })).toEqual([
    "certificate fail",
  ]);
});

test("a key that every user can read is a warning with the command that fixes it", async () => {
  chmodSync(key, 0o644);
  const files = { cert: join(FIXTURES, "device.pem"), key, ca: join(FIXTURES, "ca.pem") };
  const found = await checkIdentity(files as Config, ENDS_MS - 100 * DAY_MS);
  chmodSync(key, 0o600);
  expect(found).toContainEqual(
    expect.objectContaining({ check: "key", status: "warn", hint: `run: chmod 600 ${key}` }),
  );
});

test("a key that is text in the configuration is never shown", async () => {
  const files = {
    cert: readFileSync(join(FIXTURES, "device.pem"), "utf8"),
    key: readFileSync(join(FIXTURES, "device-key.pem"), "utf8"),
    ca: readFileSync(join(FIXTURES, "ca.pem"), "utf8"),
  };
  const found = await checkIdentity(files as Config, ENDS_MS - 100 * DAY_MS);
  expect(found.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  expect(JSON.stringify(found)).not.toContain("BEGIN");
});

test("a clock before the certificate was issued is wrong", () => {
  const issuedMs = Date.parse(CERTIFICATE.validFrom);
  expect(clockFinding(CERTIFICATE, issuedMs - 1000)).toMatchObject({
    status: "fail",
    hint: expect.stringContaining("NTP"),
  });
  expect(clockFinding(CERTIFICATE, issuedMs)).toMatchObject({ status: "ok" });
});
