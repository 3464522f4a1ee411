import { describe, expect, test } from "vitest";
import { ANY_FIELD, checkQuery, parseQuery } from "./query.js";

const FIELDS: Record<string, string[]> = {
  thingName: ["line:3-dev-7"],
  thingTypeName: ["gateway"],
  thingGroupNames: ["fleet", "beta"],
  "attributes.model": ["x1"],
  "attributes.site": ["a(b)"],
  "attributes.empty": [""],
  "attributes.temperature": ["65.5"],
  "attributes.cold": ["-5"],
  "attributes.version": ["1.9.0"],
  "attributes.serial": ["ABCE"],
  "attributes.a:b": ["1"],
  "connectivity.connected": ["true"],
  "connectivity.timestamp": ["1557651600000"],
  [ANY_FIELD]: ["line:3-dev-7", "gateway", "fleet", "x1"],
};

function finds(query: string): boolean {
  return parseQuery(query).finds((field) => FIELDS[field] ?? []);
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
    ["thingName:LINE*", true],
    ['thingTypeName:"GateWay"', true],
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
    ["NOT(thingName:none)AND(thingName:line*)", true],
    // Comparisons: with a number for numbers, with any other text for strings.
    ["attributes.temperature>60", true],
    ["attributes.temperature>65.5", false],
    ["attributes.temperature>=65.5", true],
    ["attributes.temperature<7", false],
    ['attributes.temperature<"7"', true],
    ["attributes.temperature <= 65.5", true],
    ["attributes.cold<-4.5", true],
    ["attributes.cold>-4.5", false],
    ["attributes.missing>0", false],
    ["NOT attributes.missing>0", true],
    ["attributes.model>60", false],
    ["attributes.model<60", false],
    ["attributes.version<1.9.1", true],
    ["attributes.version<1.9.0", false],
    ["attributes.version<=1.9.0", true],
    ["attributes.version>1.10.0", true],
    ["attributes.version<2", false],
    ['attributes.version<"2"', true],
    ["attributes.temperature:[60 TO 65.5]", true],
    ["attributes.temperature:[60 TO 65.5}", false],
    ["attributes.temperature:{65.5 TO 70]", false],
    ["attributes.temperature:{ 65 TO * }", true],
    ["attributes.temperature : [* TO 65]", false],
    ["attributes.model:[* TO *]", true],
    ["attributes.missing:[* TO *]", false],
    ['attributes.serial:["abcd" TO "abcf"]', true],
    ['attributes.serial:["abcd" TO "abce"}', false],
    ["attributes.version:[1.0 TO 1.9.0]", true],
    ["attributes.version:[1.8.0 TO 2.0}", true],
    ["attributes.version:[1.0 TO 1.8.9]", false],
    ["attributes.a\\:b:1", true],
    ["attributes.model:x1 AND attributes.temperature<70 NOT attributes.cold>10", true],
    ["connectivity.connected:true", true],
    ["connectivity.connected:TRUE AND connectivity.timestamp : [1557651600000 TO 1557867600000]", true],
    ["connectivity.connected:true AND connectivity.timestamp > 1557651600000", false],
    // Terms without a field are searched for in all fields.
    ["x1", true],
    ["X1", true],
    ["x", false],
    ["dev", false],
    ["line*", true],
    ['"gateway"', true],
    ["(v2 OR x1) NOT attributes.model:legacy", true],
    ["-fleet", false],
    ["attributes.model: x1", true],
    ["NOTE OR x1", true],
  ])("%s: %s", (query, expected) => {
    expect(finds(query)).toBe(expected);
  });
});

describe("is refused as InvalidQueryException", () => {
  test.each([
    ["shadow.reported.version:2", "does not support shadow.reported.version"],
    ["connectivity.socket:true", "no field connectivity.socket"],
    ["deviceDefender.violationCount>1", "does not support deviceDefender.violationCount"],
    ["attributes.model:[1 TO 2", "is not a range"],
    ["attributes.model:[1 2]", "is not a range"],
    ["attributes.model:[1 TO]", "is not a range"],
    ["attributes.model:[1* TO 2]", "must not contain wildcards"],
    ["[1 TO 2]", "needs a field"],
    [">3", "needs a field"],
    ["attributes.model:>3", "a range or comparison needs a field before it"],
    ["attributes.model>", "nothing to compare with"],
    ["attributes.model> AND x1", "nothing to compare with"],
    ["attributes.model>x*", "must not contain wildcards"],
    ["attributes.model=x1", "write attributes.model:value"],
    ["attributes.model:(>3)", "needs a field"],
    ["attributes.model:(x1 OR [1 TO 2])", "needs a field"],
    ["attributes.model:x1~", "fuzzy"],
    ["attributes.model:x1^2", "boosted"],
    ["attributes.model:x1 && x2", "write AND"],
    ["!x1", "write AND"],
    ["AND", "a term is missing"],
    ["x1 NOT", "a term is missing"],
    ["attributes.model: AND x1", "has no value"],
    ["attributes:x1", "no field attributes"],
    ["attributes.:x1", "no field attributes."],
    ["thingtypename:gateway", "no field thingtypename"],
    ["thingName:*a AND thingTypeName:?b", "2 of its terms begin with a wildcard"],
    [`thingName:*${"a".repeat(90)}`, "at most 100 are allowed"],
    [Array.from({ length: 13 }, () => "x1").join(" "), "13 terms, at most 12 are allowed"],
    ["model:x1", "no field model"],
    ["attributes.model:", "has no value"],
    ["attributes.model:(x1 OR thingName:a)", "may contain values only"],
    ["thingName:a AND", "a term is missing"],
    ["OR thingName:a", "a term is missing"],
    ["thingName:a OR AND thingName:b", "a term is missing"],
    ["(thingName:a", "not closed"],
    ["thingName:a)", "without an opening one"],
    ['thingName:"a', "cannot be read"],
    ["()", "a term is missing"],
    [" ", "empty"],
    [`thingName:${"a".repeat(991)}`, "1001 characters"],
  ])("%s", (query, message) => {
    expect(() => checkQuery(query)).toThrow(
      expect.objectContaining({ code: "InvalidQueryException", message: expect.stringContaining(message) }),
    );
  });
});

test("the most deeply nested query within the limits is parsed", () => {
  const deep = `${"(".repeat(490)}thingName:line*${")".repeat(490)}`;
  expect(finds(deep)).toBe(true);
});

test.each([
  "\\",
  '"',
  'a"',
  "a\\",
  "[",
  "]",
  "{x",
  ":",
  ":a",
  "a:",
  "(",
  ")",
  "-",
  "- -",
  "()",
  ">",
  "<=",
  "a:b:[c",
  '":"',
])("what cannot be read is refused or read, and nothing worse: %s", (query) => {
  try {
    parseQuery(query);
  } catch (error) {
    expect(error).toMatchObject({ code: "InvalidQueryException", status: 400 });
  }
});

test("a saved group with a query longer than today's limit still loads", () => {
  const terms = Array.from({ length: 13 }, () => "thingName:*7").join(" ");
  expect(() => checkQuery(terms)).toThrow(expect.objectContaining({ code: "InvalidQueryException" }));
  expect(finds(terms)).toBe(true);
});
