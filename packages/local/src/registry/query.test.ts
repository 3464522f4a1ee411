import { describe, expect, test } from "vitest";
import { parseQuery } from "./query.js";

const FIELDS: Record<string, string[]> = {
  thingName: ["line:3-dev-7"],
  thingTypeName: ["gateway"],
  thingGroupNames: ["fleet", "beta"],
  "attributes.model": ["x1"],
  "attributes.site": ["a(b)"],
  "attributes.empty": [""],
};

function finds(query: string): boolean {
  return parseQuery(query)((field) => FIELDS[field] ?? []);
}

describe("a query", () => {
  test.each([
    ["*", true],
    ['thingName:"line:3-dev-7"', true],
    ["thingName:line\\:3-dev-7", true],
    ["thingName:line:3-dev-7", true],
    ["thingName:line*", true],
    ["thingName:*dev*", true],
    ["thingName:line?3-dev-?", true],
    ["thingName:line?3", false],
    ['thingName:"line*"', false],
    ["thingName:line\\*", false],
    ["thingName:LINE*", false],
    ["attributes.model:x1", true],
    ["attributes.model:x", false],
    ["attributes.model:*", true],
    ["attributes.empty:*", true],
    ["attributes.missing:*", false],
    ['attributes.site:"a(b)"', true],
    ["attributes.site:a\\(b\\)", true],
    ["thingGroupNames:beta", true],
    ["thingTypeName:gateway AND attributes.model:x1", true],
    ["thingTypeName:gateway attributes.model:x1", true],
    ["thingTypeName:gateway attributes.model:x2", false],
    ["thingTypeName:sensor OR attributes.model:x1", true],
    ["attributes.model:x1 OR attributes.model:x2 AND thingName:none", true],
    ["(attributes.model:x1 OR attributes.model:x2) AND thingName:none", false],
    ["NOT attributes.model:x2", true],
    ["NOT NOT attributes.model:x2", false],
    ["thingName:line* -thingGroupNames:beta", false],
    ["thingName:line* AND NOT (thingGroupNames:alpha OR thingGroupNames:gamma)", true],
    ["attributes.model:(x0 OR x1)", true],
    ["attributes.model:(x0 OR x2)", false],
    ["  (( thingName:line* ))  ", true],
  ])("%s: %s", (query, expected) => {
    expect(finds(query)).toBe(expected);
  });
});

describe("is refused as InvalidQueryException", () => {
  test.each([
    ["shadow.reported.version:2", "shadow.reported.version is not modelled"],
    ["connectivity.connected:true", "connectivity.connected is not modelled"],
    ["attributes.model:[1 TO 2]", "ranges"],
    ["attributes.model:>3", "comparisons"],
    ["attributes.model:x1~", "fuzzy"],
    ["x1", "names no field"],
    ["model:x1", "no field model"],
    ["attributes.model:", "has no value"],
    ["attributes.model:(x1 OR thingName:a)", "values only"],
    ["thingName:a AND", "a term is missing"],
    ["OR thingName:a", "a term is missing"],
    ["thingName:a OR AND thingName:b", "a term is missing"],
    ["(thingName:a", "not closed"],
    ["thingName:a)", "not opened"],
    ['thingName:"a', "cannot be read"],
    ["()", "a term is missing"],
    [" ", "empty"],
    [`thingName:${"a".repeat(991)}`, "1001 characters"],
  ])("%s", (query, message) => {
    expect(() => parseQuery(query)).toThrow(
      expect.objectContaining({ code: "InvalidQueryException", message: expect.stringContaining(message) }),
    );
  });
});

test("the deepest query that is taken is read", () => {
  const deep = `${"(".repeat(490)}thingName:line*${")".repeat(490)}`;
  expect(finds(deep)).toBe(true);
});
