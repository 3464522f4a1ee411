import { expect, test } from "vitest";
import { keysOf, testKey } from "../../../shared/test/signing.js";
import { judgeSigners } from "./signing.js";

const [ann, bob, eve] = [testKey(1, "ann"), testKey(2, "bob"), testKey(3, "eve")];
const set = { version: 1, threshold: 2, keys: keysOf(ann, bob) };

test.each([
  [[ann, bob], "ok", "ann, bob: 2 of 2 required keys"],
  [[ann], "warn", "ann: 1 of 2 required keys"],
  [[], "warn", "no key signs, and devices require 2"],
  [[eve], "fail", "devices do not trust eve"],
  [[{ ...eve, id: "ann" }], "fail", "devices trust another key as ann"],
  [[{ ...ann, id: "release" }], "fail", "devices know the key release as ann, and look it up by that id"],
  [[testKey(4, "constructor")], "fail", "devices do not trust constructor"],
])("signers %#: %s, %s", (signers, status, message) => {
  expect(judgeSigners(signers, set)).toMatchObject({ status, message });
});

test("without a key set, the keys of the settings are named", () => {
  expect(judgeSigners([ann, bob], undefined)).toMatchObject({
    status: "ok",
    message: "ann, bob sign every publish",
  });
});
