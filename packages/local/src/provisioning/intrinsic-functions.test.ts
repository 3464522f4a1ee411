import { expect, test } from "vitest";
import { evaluate } from "./intrinsic-functions.js";

const values = {
  parameters: { Serial: "7", Zone: "north" },
  mappings: { Zones: { north: { url: "https://north.example", ids: ["a", "b"] } } },
};

test.each([
  { value: { Ref: "Serial" }, result: "7" },
  { value: { "Fn::Join": ["-", ["lamp", { Ref: "Serial" }]] }, result: "lamp-7" },
  { value: { "Fn::Select": ["1", { "Fn::Split": [",", "a,b,c"] }] }, result: "b" },
  { value: { "Fn::FindInMap": ["Zones", { Ref: "Zone" }, "url"] }, result: "https://north.example" },
  { value: { "Fn::Sub": "lamp-${Serial}" }, result: "lamp-7" },
  { value: { "Fn::Sub": ["${Kind}-${Serial}", { Kind: { Ref: "Zone" } }] }, result: "north-7" },
  { value: { a: [{ Ref: "Serial" }, 1], b: null }, result: { a: ["7", 1], b: null } },
])("$value evaluates to $result", ({ value, result }) => {
  expect(evaluate(value, values)).toEqual(result);
});

test.each([
  { value: { Ref: "Other" }, message: "The parameter Other has no value" },
  { value: { Ref: "constructor" }, message: "The parameter constructor has no value" },
  {
    value: { "Fn::FindInMap": ["Zones", "south", "url"] },
    message: "Mappings has no value for Zones, south, url",
  },
  { value: { "Fn::Select": ["9", ["a"]] }, message: "Fn::Select has no item 9" },
  { value: { "Fn::Join": "a" }, message: "Fn::Join needs a list" },
  {
    value: { "Fn::GetAtt": "a" },
    message: "fota local does not support Fn::GetAtt in a provisioning template",
  },
])("$value is refused: $message", ({ value, message }) => {
  expect(() => evaluate(value, values)).toThrow(message);
});
