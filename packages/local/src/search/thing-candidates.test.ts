import fc from "fast-check";
import { expect, test } from "vitest";
import { addGroup, createModel } from "../../test/model-driver.js";
import { itemsOf } from "../listing/list-index.js";
import { IndexedThing } from "./indexed-thing.js";
import { thingsIndex } from "./search-index.js";
import { thingCandidates } from "./thing-candidates.js";
import { parseThingQuery } from "./thing-query.js";

const VALUES = ["1", "1.0", "+1", "01", "A", "a", "a.b", "-"];
const value = fc.constantFrom(...VALUES);
const written = fc.oneof(
  fc.constantFrom("1", "1.0", "01", "A", "a", "a.b"), // AWS IoT refuses the others unless they are quoted
  value.map((each) => `"${each}"`),
  fc.constantFrom("*", "a*", "a?", ">0", "[0 TO 5]", "(1 OR a)"),
);
const field = fc.constantFrom(
  "thingName",
  "thingTypeName",
  "thingGroupNames",
  "attributes.a",
  "attributes.b",
);
const term = fc.tuple(fc.constantFrom("", "NOT "), field, written).map(([not, name, text]) => {
  return text.startsWith(">") ? `${not}${name} ${text}` : `${not}${name}:${text}`;
});
const query = fc.tuple(fc.array(term, { minLength: 1, maxLength: 3 }), fc.constantFrom(" ", " AND ", " OR "));
const thing = fc.record({
  a: value,
  b: value,
  type: fc.constantFrom("A", "a", "b"),
  group: fc.constantFrom("1", "A"),
});

test("a search that reads the candidates only finds what a search of all things finds", () => {
  fc.assert(
    fc.property(fc.array(thing, { maxLength: 12 }), fc.array(query, { minLength: 5 }), (things, queries) => {
      const model = createModel();
      for (const thingTypeName of ["A", "a", "b"])
        model.run("createThingType", { thingTypeName, searchableAttributes: [] });
      for (const name of ["1", "A", "a"]) addGroup(model, name, []);
      for (const [index, { a, b, type, group }] of things.entries()) {
        const thingName = VALUES[index] ?? `t${index}`;
        model.run("createThing", { thingName, thingTypeName: type, attributes: { a, b } });
        for (const thingGroupName of [group, "a"])
          model.run("addThingToGroup", { thingName, thingGroupName });
      }
      const { world } = model;
      for (const [terms, join] of queries) {
        const text = terms.join(join);
        const { finds } = parseThingQuery(world, text);
        const all = [...world.things.values()].filter((each) =>
          finds(new IndexedThing(world, each, undefined)),
        );
        for (const _time of ["read until full", "kept as a list"]) {
          const found = [...itemsOf(thingsIndex(world, undefined).find(text), undefined, "oldestFirst")].map(
            (each) => each.thing,
          );
          expect(found.map(({ thingName }) => thingName)).toEqual(all.map(({ thingName }) => thingName));
        }
      }
    }),
    { numRuns: 50 },
  );
});

test("fields and values that are the same text together are kept apart", () => {
  const model = createModel();
  model.run("createThing", { thingName: "one", attributes: { a: "b:x1" } });
  model.run("createThing", { thingName: "two", attributes: { "a:b": "x1" } });
  const found = (text: string) =>
    [...itemsOf(thingsIndex(model.world, undefined).find(text), undefined, "oldestFirst")].map(
      (each) => each.thing,
    );
  for (const _time of ["read until full", "kept as a list"]) {
    expect(found("attributes.a:b:x*").map(({ thingName }) => thingName)).toEqual(["one"]);
    expect(found("attributes.a\\:b:x*").map(({ thingName }) => thingName)).toEqual(["two"]);
  }
});

test("a query that requires a value of the registry reads the things that have it", () => {
  const model = createModel();
  for (let index = 0; index < 200; index += 1)
    model.run("createThing", { thingName: `t${index}`, attributes: { site: `s${index % 50}`, line: "l" } });
  const candidates = (text: string) => {
    const { required } = parseThingQuery(model.world, text);
    return [...itemsOf(thingCandidates(model.world, required), undefined, "oldestFirst")].length;
  };
  expect(candidates("attributes.site:S7")).toBe(4);
  expect(candidates("attributes.line:l AND attributes.site:s7 AND thingName:t*")).toBe(4);
  expect(candidates("thingName:t7 attributes.line:l")).toBe(1);
  expect(candidates("attributes.site:s4?")).toBe(40);
  expect(candidates("attributes.site:s7* AND attributes.line:*")).toBe(4);
  expect(candidates("attributes.site >= s8")).toBe(8);
  expect(candidates("attributes.constructor:x*")).toBe(0);
  expect(candidates("attributes.constructor:x")).toBe(0);
  expect(candidates("attributes.site:s7 OR thingName:t7")).toBe(200);
  expect(candidates("NOT attributes.site:s7")).toBe(200);
});
