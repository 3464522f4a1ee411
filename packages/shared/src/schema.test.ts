import { expect, test } from "vitest";
import { optional, readBySchema, type Schema, type SchemaOf } from "./schema.js";

interface Parcel {
  kind: "parcel";
  label: string;
  grams?: number | undefined;
  route: [string, number][];
}

const label: Schema = {
  type: "string",
  maxLength: 5,
  pattern: /^[a-z]+$/,
  must: "be a label",
  lowerCase: true,
};
const grams: Schema = { type: "integer", minimum: 1 };
const parcel: SchemaOf<Parcel> = {
  type: "object",
  properties: {
    kind: { type: "const", value: "parcel" },
    label,
    grams: optional(grams),
    route: { type: "list", maxLength: 2, unique: true, items: { type: "tuple", items: [label, grams] } },
  },
};

function read(value: unknown): { value: unknown; faults: string[] } {
  const faults: string[] = [];
  return { value: readBySchema(parcel, value, faults), faults };
}

test("returns what the schema describes, without further keys and items", () => {
  const value = { kind: "parcel", label: "ABC", route: [["x", 1, "more"]], more: true };
  expect(read(value)).toEqual({ value: { kind: "parcel", label: "abc", route: [["x", 1]] }, faults: [] });
  expect(read({ ...value, grams: undefined }).faults).toEqual([]);
});

test("names each fault with its place and value", () => {
  const value = { kind: "letter", label: "", grams: 0, route: [["x", 0.5], ["x"]] };
  expect(read(value).faults).toEqual([
    'kind must be "parcel", got "letter"',
    'label must be a label, got ""',
    "grams must be a whole number from 1 to 9007199254740991, got 0",
    "route.0.1 must be a whole number from 1 to 9007199254740991, got 0.5",
    "route.1.1 is missing",
  ]);
});

test.each([
  [null, "document must be an object, got null"],
  [[], "document must be an object, got []"],
  [undefined, "document is missing"],
  [() => {}, "document must be an object, got function"],
])("a value that is no object: %s", (value, fault) => {
  expect(read(value).faults).toEqual([fault]);
});

test.each([
  ["label", "abcdef", 'label must be a label, got "abcdef"'],
  ["label", ["abc"], 'label must be a label, got ["abc"]'],
  ["label", "x".repeat(100), `label must be a label, got "${"x".repeat(76)}...`],
  ["route", [], "route must be a list of 1 to 2 entries, got []"],
  ["route", { 0: ["x", 1] }, 'route must be a list of 1 to 2 entries, got {"0":["x",1]}'],
  ["route", ["x"], 'route.0 must be a list, got "x"'],
])("one wrong key: %s %j", (key, value, fault) => {
  const valid = { kind: "parcel", label: "a", route: [["x", 1]] };
  expect(read({ ...valid, [key]: value }).faults).toEqual([fault]);
});
