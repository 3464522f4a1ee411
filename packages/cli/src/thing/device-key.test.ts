import { createPublicKey } from "node:crypto";
import { expect, test } from "vitest";
import { makeKeyWithRequest } from "../aws/signing-request.js";
import { readRequestKey } from "./device-key.js";

const REQUEST = (base64: string) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`;

test("the key of a request is read, also with text around it and CRLF", async () => {
  const { privateKey, signingRequest } = await makeKeyWithRequest();
  const text = `Certificate Request:\r\n${signingRequest.replaceAll("\n", "\r\n")}`;
  expect(readRequestKey(text).equals(createPublicKey(privateKey))).toBe(true);
});

// Both requests are from `openssl req -new -subj /`.
test.each([
  [
    "Ed25519",
    "MH8wMwIBADAAMCowBQYDK2VwAyEAfUwpKNcWlCTeWZ6qDEZ2B3joBUz6TpQaqWMXMWIp3ZygADAFBgMrZXADQQAN7D8lJJ+eL7m4elGtFMdoG8JUhNSZ8/1H+sl00GbSSRXz3HMmchS1I3x2XpAtabm6wbeNHmpwClkH96Eyy8EI",
  ],
  [
    "RSA of 1024 bits",
    "MIIBPzCBqQIBADAAMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDQLMAcpyfUIyYwUbPVFCyzwyUm58qi2bKWrHFfDksjvaY9vnG5TMiLIvon/MLsqOhTHWZ8fpx9XZ5YSRYnLXuWZNvSsGbh+HbFi5ROyiwrF/WNy0oQID8mmk3Js9rrXsyFf7Lw/3iRjHBRqYGwXYbNzm6dAKKTUlZq4a+LY37WqQIDAQABoAAwDQYJKoZIhvcNAQELBQADgYEAGVpfFXqb0hiHMEOihSdeOKc1CcHkpGCvmPFsnbyy7M//vmfz1o40+a+gAolMhqFp84YLEdNCpVOxvAOQXWu3KS5P9GnKAJR6VtZuvYSr5RBLJ2Zlu2eas9aC2M6W6om7QzGo2nIn4R7Wvpm+H97+cuHp9uTAb5p+YCVANzwWiWk=",
  ],
])("a request for a key of %s, which AWS IoT does not accept, is refused", (_kind, base64) => {
  expect(() => readRequestKey(REQUEST(base64))).toThrow("its key must be RSA of 2048 bits or more");
});

test.each([
  ["no PEM", "request", "it is not a certificate request in PEM"],
  ["no DER", REQUEST("AAAA"), "it is damaged"],
  ["an empty sequence", REQUEST("MAA="), "it is damaged"],
])("%s is refused", (_what, pem, message) => {
  expect(() => readRequestKey(pem)).toThrow(message);
});

test("a request that is cut anywhere is refused, and never loops", async () => {
  const { signingRequest } = await makeKeyWithRequest();
  const bytes = Buffer.from(signingRequest.replace(/-----.*-----/g, ""), "base64");
  for (let length = 0; length < bytes.length; length += 1) {
    expect(() => readRequestKey(REQUEST(bytes.subarray(0, length).toString("base64")))).toThrow(Error);
  }
});
