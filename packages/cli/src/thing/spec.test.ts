import { expect, test } from "vitest";
import { parseAttributes, readSpec } from "./spec.js";

test.each([
  [["model=p2"], { model: "p2" }],
  [["model=p2,site=Oslo/3", "unit="], { model: "p2", site: "Oslo/3", unit: "" }],
  [["tags=a,b,model=p2"], { tags: "a,b", model: "p2" }], // a comma may be part of a value
  [["formula=a=b"], { formula: "a=b" }],
  [["model=p1", "model=p2"], { model: "p2" }],
])("--attributes %j are %j", (texts, attributes) => {
  expect(parseAttributes(texts)).toEqual(attributes);
});

test.each(["model", "=p2", "model=p 2", "[model=p2", ""])("--attributes %j is refused", (text) => {
  expect(() => parseAttributes([text])).toThrow(`--attributes has ${JSON.stringify(text)}`);
});

test.each(["a b", "a/../b", "a".repeat(129)])("%j is not a valid group name", async (group) => {
  await expect(readSpec("pump-1", { out: "x", group }, "/")).rejects.toMatchObject({
    code: "TARGET_INVALID",
  });
});

test.each(["pump 1", "", "a".repeat(129), "pump/1"])("%j is not a valid thing name", async (name) => {
  await expect(readSpec(name, { out: "x" }, "/")).rejects.toMatchObject({ code: "TARGET_INVALID" });
});
