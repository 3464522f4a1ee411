import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { amazonRoot } from "./roots.js";

test("the root is Amazon Root CA 1, by the fingerprint that Amazon publishes", () => {
  const { file, pem } = amazonRoot();
  const { subject, fingerprint256, ca } = new X509Certificate(pem);
  expect(file).toBe("AmazonRootCA1.pem");
  expect(subject).toContain("CN=Amazon Root CA 1");
  expect(fingerprint256.replaceAll(":", "").toLowerCase()).toBe(
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
  );
  expect(ca).toBe(true);
});
