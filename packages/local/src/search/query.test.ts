import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createModel } from "../../test/model-driver.js";
import { checkQuery, compileQuery, parseQuery } from "./query.js";
import { parseSavedQuery, parseThingQuery } from "./thing-query.js";
import type { Value } from "./values.js";

const ANY_FIELD = "any";
const FIELDS: Record<string, Value[]> = {
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
  "shadow.reported.temperature": [10],
  "shadow.reported.on": [true],
  "shadow.reported.place": ["New York City"],
  "shadow.reported.values": [1, 2, 3],
  [ANY_FIELD]: ["line:3-dev-7", "gateway", "fleet", "x1"],
};

function finds(query: string): boolean {
  return compileQuery<typeof FIELDS>(parseQuery(query), (field = ANY_FIELD) => ({
    values: (fields) => fields[field] ?? [],
  }))(FIELDS);
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
    ["NOT (NOT attributes.model:x2)", false],
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
    // Terms side by side are joined more loosely than by OR.
    ["thingName:none OR attributes.model:x1 thingTypeName:sensor", false],
    ["thingTypeName:gateway OR thingName:none thingTypeName:gateway", true],
    ["thingName:line* - thingGroupNames:beta", false],
    // Other ways to write the operators.
    ["!thingName:none && (thingName:none || thingTypeName:gateway)", true],
    ["attributes.model:x1&&", false],
    // A range may lack TO.
    ["attributes.temperature:[60 70]", true],
    ["attributes.temperature:[60 65]", false],
    // Numbers and booleans of shadows.
    ["shadow.reported.temperature:10", true],
    ["shadow.reported.temperature:10.0", true],
    ["shadow.reported.temperature:1*", true],
    ["shadow.reported.temperature:[9.5 TO 10]", true],
    ["shadow.reported.temperature>=11", false],
    ["attributes.temperature:65.50", true],
    ['attributes.temperature:"65.50"', false],
    ["shadow.reported.on:true AND NOT shadow.reported.on:false", true],
    ["shadow.reported.on>0", false],
    ["shadow.reported.values:2", true],
    ["shadow.reported.values>3", false],
    // Words of a value with spaces.
    ["shadow.reported.place:york", true],
    ['shadow.reported.place:"york city"', true],
    ['shadow.reported.place:"new city"', false],
    ["shadow.reported.place:new*", true],
    ["shadow.reported.place:yor", false],
  ])("%s: %s", (query, expected) => {
    expect(finds(query)).toBe(expected);
  });
});

describe("is refused as InvalidQueryException", () => {
  test.each([
    ["shadow.a:1", "invalid field name, field name: shadow.a"],
    ["shadow.version:2", "invalid field name, field name: shadow.version"],
    ["registry.version:2", "invalid field name, field name: registry.version"],
    ["shadow.name.fota:x", "invalid field name, field name: shadow.name.fota"],
    ["shadow.name.fota.version:1", "invalid field name, field name: shadow.name.fota.version"],
    ["shadow.name.other.reported.a:1", "invalid field name, field name: shadow.name.other.reported.a"],
    ["connectivity.cleanSession:true", "does not support connectivity.cleanSession"],
    ["billingGroupName:b", "does not support billingGroupName"],
    ["attributes.model:[1 TO 2", "is not a range"],
    ["attributes.model:[1]", "is not a range"],
    ["attributes.model:[1 TO]", "is not a range"],
    ["attributes.model:[TO 1]", "is not a range"],
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
    ["attributes.model:a]", "brackets must be quoted"],
    ["attributes.a[0]:x", "brackets must be quoted"],
    ["attributes.model:x1~", "unsupported query type - fuzzy"],
    ["attributes.model:x1^2", "unsupported query type - boost"],
    ["attributes.model:/x1/", "unsupported query type - regular expression"],
    ["+x1", 'unsupported operator - "+"'],
    ["AND", "a term is missing"],
    ["x1 NOT", "a term is missing"],
    ["NOT NOT x1", "a term is missing before NOT"],
    ["attributes.model: AND x1", "has no value"],
    ["attributes:x1", "invalid field name, field name: attributes"],
    ["attributes.:x1", "invalid field name, field name: attributes."],
    ["thingtypename:gateway", "invalid field name, field name: thingtypename"],
    ["*:1", "invalid field name, field name: *"],
    ["thingName:*a AND thingTypeName:*b", "2 of its terms begin with a wildcard"],
    ["thingName:?a", "wildcard character (?) is not allowed at the start of the value"],
    ["thingName:*a*b*", "too many wildcards (*). The maximum allowed per term is 2, field name: thingName"],
    [`thingName:*${"a".repeat(90)}`, "at most 100 are allowed"],
    [Array.from({ length: 13 }, () => "x1").join(" "), "terms cannot exceed 12, terms found: 13"],
    [`thingName:(${Array.from({ length: 13 }, () => "x1").join(" OR ")})`, "terms found: 13"],
    ["model:x1", "invalid field name, field name: model"],
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
  ])("%s", (query, message) => {
    expect(() => parseThingQuery(createModel().world, query)).toThrow(
      expect.objectContaining({
        code: "InvalidQueryException",
        message: expect.stringMatching(/^Unable to parse query, .*, query string: /s),
      }),
    );
    expect(() => parseThingQuery(createModel().world, query)).toThrow(message);
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

test("a saved group with a query that only an older build accepted still loads", () => {
  const terms = Array.from({ length: 13 }, () => "thingName:*7").join(" ");
  expect(() => checkQuery(terms, parseQuery(terms))).toThrow(
    expect.objectContaining({ code: "InvalidQueryException" }),
  );
  expect(finds(terms)).toBe(true);
  expect(finds("NOT NOT thingName:line*")).toBe(true);
  const { world } = createModel();
  expect(() => parseThingQuery(world, "NOT (NOT thingName:a)")).not.toThrow();
  expect(parseSavedQuery("(a").isIndexed(world)).toBe(false);
});

test("any text is a query or is refused, and every query gives an answer", () => {
  const part = fc.constantFrom(
    ..."a * ? : ( ) [ ] { } < > = - ! + / ~ ^ & | \\ \" , . $ ' \n".split(" "),
    ...[
      " ",
      "AND",
      "OR",
      "NOT",
      "TO",
      "&&",
      "||",
      "thingName:",
      "attributes.model",
      "1.0",
      "shadow.reported.",
    ],
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = parts.join("");
      try {
        const answer = finds(text);
        expect(typeof answer).toBe("boolean");
        expect(finds(`(${text}) AND *`)).toBe(answer);
        expect(finds(`NOT (${text})`)).toBe(!answer);
      } catch (error) {
        expect(error).toMatchObject({ code: "InvalidQueryException", status: 400 });
      }
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 50_000 : 2_000 },
  );
});
