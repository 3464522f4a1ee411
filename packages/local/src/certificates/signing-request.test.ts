import { expect, test } from "vitest";
import { readSigningRequest } from "./signing-request.js";

/** Made by `openssl req -new`: a key on P-256, the subject C=IT, O=Example, CN=pump-7. */
const REQUEST = [
  "-----BEGIN CERTIFICATE REQUEST-----",
  "MIHrMIGSAgEAMDAxCzAJBgNVBAYTAklUMRAwDgYDVQQKDAdFeGFtcGxlMQ8wDQYD",
  "VQQDDAZwdW1wLTcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASi9U5y0cL6MRDx",
  "aY8xHhiDIzeMuFo0xZhq/euYJdUwESZ7eQUiDk2lXwM7FSO5AqxUiw0oSTA5gMhx",
  "7jv5cmVJoAAwCgYIKoZIzj0EAwIDSAAwRQIhAP8zlYwkAUwSmeAsgrs7u7Mn6Qoz",
  "PyVqDpSPaORkKM1AAiAYjt5tTo67+fLNYV+SqNVOiXIV5YNZuGICzY3uV+qiqg==",
  "-----END CERTIFICATE REQUEST-----",
].join("\n");

/** Made by the same command with an RSA key of 1024 bits. */
const WEAK = [
  "-----BEGIN CERTIFICATE REQUEST-----",
  "MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GN",
  "ADCBiQKBgQDK4gGahXXEPy+M5tFVIpCvjjOjEg1sNsdMqnWv25Z+2gMzNkva6ge4",
  "6t2IV4dhsiQnd+BE9Jo2vkElaiMUvQjMvGSXS9Xl8yHCUfA2PmjZL8uEBdGnSOD2",
  "RJ84Cdv2Bxr32w0U1ZNikQyAJ8dTgR89GKb8i27HSfNFwhQxDTe4swIDAQABoAAw",
  "DQYJKoZIhvcNAQELBQADgYEACm0/hMLnIsgAQxT6gkjw9JDQSGl4KDUOYJd39A0T",
  "i0LVguI7IDroWShra3GPi3O6noE5gosxJRXfrvgLzhY+sINDC0r4lRpAOuBEOAri",
  "vh4Xw+QwTyY8FkrGZ45t4QcTV4hIK/0b1r9ast+6VOePmb56FRVweVvSS3n/SJ44",
  "/LI=",
  "-----END CERTIFICATE REQUEST-----",
].join("\n");

test("key and subject of a request made by openssl are read", () => {
  const { publicKey, subject } = readSigningRequest(REQUEST);
  expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  expect(subject?.toString("latin1")).toMatch(/IT.*Example.*pump-7$/s);
});

test.each([
  ["no PEM", "hello", "not a certificate request"],
  ["an empty sequence", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END", "not complete"],
  ["a request cut off", REQUEST.replace(/\n[^\n]*\n-----END/, "\n-----END"), "too early"],
  [
    "a request with pump-8 in its subject",
    REQUEST.replace("VQQDDAZwdW1wLTc", "VQQDDAZwdW1wLTg"),
    "signature is not valid",
  ],
  ["a weak key", WEAK, "2048 bits"],
])("%s is refused", (_what, pem, message) => {
  expect(() => readSigningRequest(pem)).toThrow(message);
});
