import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCertificateAuthority } from "./ca.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-ca-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("a device certificate is signed by the stored CA, also after a restart", async () => {
  const first = await openCertificateAuthority(dir);
  const issued = await first.issueCertificate();
  const second = await openCertificateAuthority(dir);
  expect(second.caPem).toBe(first.caPem);
  const ca = new X509Certificate(second.caPem);
  expect(new X509Certificate(issued.certificatePem).verify(ca.publicKey)).toBe(true);
  expect(new X509Certificate(second.issueServerCertificate().certificatePem).verify(ca.publicKey)).toBe(true);
});

test("the id of a certificate is its SHA-256 fingerprint", async () => {
  const issued = await (await openCertificateAuthority(dir)).issueCertificate();
  const { fingerprint256 } = new X509Certificate(issued.certificatePem);
  expect(issued.certificateId).toBe(fingerprint256.replaceAll(":", "").toLowerCase());
  expect(issued.certificateId).toMatch(/^[0-9a-f]{64}$/);
  expect(issued.privateKeyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  expect(issued.publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
});

test("only the owner can read the CA's key", async () => {
  await writeFile(join(dir, "ca.key.new"), "left by a power cut", { mode: 0o666 });
  await openCertificateAuthority(dir);
  expect((await stat(join(dir, "ca.key"))).mode & 0o777).toBe(0o600);
});

test("a key without its certificate, as a power cut can leave it, gets one", async () => {
  await openCertificateAuthority(dir);
  await rm(join(dir, "ca.pem"));
  const { caPem } = await openCertificateAuthority(dir);
  expect(new X509Certificate(caPem).ca).toBe(true);
});

test("a certificate without its key is not replaced", async () => {
  await openCertificateAuthority(dir);
  await rm(join(dir, "ca.key"));
  await expect(openCertificateAuthority(dir)).rejects.toMatchObject({
    name: "FotaError",
    code: "LOCAL_DIR_INVALID",
    message: expect.stringContaining("ca.key is missing"),
  });
});
