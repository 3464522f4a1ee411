import { execFileSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { certificateRequest } from "./certificate-request.js";

test("OpenSSL accepts the request and its signature", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = certificateRequest(publicKey.export({ type: "spki", format: "der" }), {
    sign: (bytes) => sign("sha256", bytes, privateKey),
    base64: (bytes) => Buffer.from(bytes).toString("base64"),
  });
  const shown = execFileSync("openssl", ["req", "-verify", "-noout", "-pubkey"], {
    input: pem,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
  expect(shown.trim()).toBe(publicKey.export({ type: "spki", format: "pem" }).toString().trim());
});
