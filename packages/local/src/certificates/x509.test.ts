import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { createCertificate } from "./x509.js";

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const notBeforeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const notAfterMs = Date.UTC(2049, 11, 31, 23, 59, 59);

const caKeys = ec();
const signer = { subject: "test CA", ...caKeys };
const ca = new X509Certificate(
  createCertificate(
    { subject: "test CA", publicKey: caKeys.publicKey, notBeforeMs, notAfterMs, ca: true },
    signer,
  ),
);

test("a CA signs itself and may sign others", () => {
  expect(ca.ca).toBe(true);
  expect(ca.verify(caKeys.publicKey)).toBe(true);
  expect(ca.subject).toBe("O=fota local\nCN=test CA");
  expect(ca.validFrom).toBe("Jan  2 03:04:05 2026 GMT");
  expect(ca.validTo).toBe("Dec 31 23:59:59 2049 GMT");
});

test("a server's certificate names its hosts and is issued by the CA", () => {
  const server = new X509Certificate(
    createCertificate(
      {
        subject: "localhost",
        publicKey: ec().publicKey,
        notBeforeMs,
        notAfterMs,
        purpose: "server",
        dnsNames: ["localhost"],
        ipAddresses: [Buffer.from([127, 0, 0, 1])],
      },
      signer,
    ),
  );
  expect(server.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
  expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(server.checkIssued(ca)).toBe(true);
  expect(server.verify(caKeys.publicKey)).toBe(true);
  expect(server.verify(ec().publicKey)).toBe(false);
  expect(server.ca).toBe(false);
});

test("an RSA key can be certified too", () => {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const device = new X509Certificate(
    createCertificate(
      { subject: "device", publicKey: keys.publicKey, notBeforeMs, notAfterMs, purpose: "client" },
      signer,
    ),
  );
  expect(device.verify(caKeys.publicKey)).toBe(true);
  expect(device.checkPrivateKey(keys.privateKey)).toBe(true);
  expect(device.publicKey.equals(createPublicKey(keys.privateKey))).toBe(true);
});
