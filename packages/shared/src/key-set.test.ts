import { expect, test } from "vitest";
import { keysOf, testKey } from "../test/signing.js";
import { checkKeySet, keySetStatement } from "./key-set.js";

const [ann, bob] = [testKey(1, "ann"), testKey(2, "bob")];

test("the statement of a key set, byte for byte", () => {
  const link = {
    v: 2,
    t: 1,
    keys: [["bob", bob.publicKey] as [string, string], ["ann", ann.publicKey] as [string, string]],
    rt: 1,
    roots: [["ann", ann.publicKey] as [string, string]],
    seq: 7,
  };
  expect(keySetStatement(link)).toBe(
    [
      "fota keys 1",
      "version 2",
      "threshold 1",
      "key ann iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",
      "key bob gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=",
      "root-threshold 1",
      "root ann iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",
      "seq 7",
      "",
    ].join("\n"),
  );
});

test("a device may trust no key at all, and then refuses everything", () => {
  expect(() => checkKeySet({ version: 1, keys: {}, threshold: 1 })).not.toThrow();
});

test.each([
  ["a threshold of 0", { keys: keysOf(ann), threshold: 0 }, "at least 1"],
  ["a threshold of one and a half", { keys: keysOf(ann, bob), threshold: 1.5 }, "whole number"],
  ["a threshold above the number of keys", { keys: keysOf(ann), threshold: 2 }, "only 1 keys"],
  ["one key under two ids", { keys: { ann: ann.publicKey, bob: ann.publicKey }, threshold: 1 }, "same key"],
  ["an id with a blank", { keys: { "a b": ann.publicKey }, threshold: 1 }, '"a b" is not valid'],
  ["a key that is none", { keys: { ann: "AAAA" }, threshold: 1 }, "not 32 bytes"],
  [
    "a root threshold without root keys",
    { keys: keysOf(ann), threshold: 1, rootThreshold: 1 },
    "no rootKeys",
  ],
])("%s is refused", (_, set, message) => {
  expect(() => checkKeySet({ version: 1, ...set })).toThrow(message);
});
