import { expect, test } from "vitest";
import { createTemporaryKeys } from "./temporary-keys.js";

const secret = Buffer.alloc(32, 1);
const keys = createTemporaryKeys(secret);
const issued = keys.issue(1_000);

test("temporary credentials have the form of AWS's, and each issue is different", () => {
  expect(issued.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(issued.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  expect(issued.sessionToken).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  const other = keys.issue(1_000);
  expect(other.accessKeyId).not.toBe(issued.accessKeyId);
  expect(other.secretAccessKey).not.toBe(issued.secretAccessKey);
});

test("they are found by their token, also by another instance with the same secret", () => {
  expect(keys.find(issued.accessKeyId, issued.sessionToken)).toEqual(issued);
  const later = createTemporaryKeys(Buffer.alloc(32, 1));
  expect(later.find(issued.accessKeyId, issued.sessionToken)).toEqual(issued);
});

test("another secret, another access key and every changed byte of the token find nothing", () => {
  expect(
    createTemporaryKeys(Buffer.alloc(32, 2)).find(issued.accessKeyId, issued.sessionToken),
  ).toBeUndefined();
  expect(keys.find(keys.issue(1_000).accessKeyId, issued.sessionToken)).toBeUndefined();
  expect(keys.find(issued.accessKeyId, "")).toBeUndefined();
  const token = Buffer.from(issued.sessionToken, "base64");
  for (let at = 0; at < token.length; at += 1) {
    const changed = Buffer.from(token);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(keys.find(issued.accessKeyId, changed.toString("base64")), `byte ${at}`).toBeUndefined();
    expect(keys.find(issued.accessKeyId, token.subarray(0, at).toString("base64"))).toBeUndefined();
  }
});

test("an issued access key is recognized without its token, also by another instance with the same secret", () => {
  expect(keys.isIssued(issued.accessKeyId)).toBe(true);
  expect(createTemporaryKeys(Buffer.alloc(32, 1)).isIssued(issued.accessKeyId)).toBe(true);
  expect(createTemporaryKeys(Buffer.alloc(32, 2)).isIssued(issued.accessKeyId)).toBe(false);
  for (const other of ["", "ASIA", "ASIAIOSFODNN7EXAMPLE", `${issued.accessKeyId}A`]) {
    expect(keys.isIssued(other), other).toBe(false);
  }
  for (let at = 0; at < issued.accessKeyId.length; at += 1) {
    const letter = issued.accessKeyId[at] === "B" ? "C" : "B";
    const changed = `${issued.accessKeyId.slice(0, at)}${letter}${issued.accessKeyId.slice(at + 1)}`;
    expect(keys.isIssued(changed), `letter ${at}`).toBe(false);
  }
});
