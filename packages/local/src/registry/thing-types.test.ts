import { expect, test } from "vitest";
import { addThings, createModel } from "../../test/model-driver.js";
import { WatchedMap } from "../state/watched-map.js";

/** Counts the entries that a snapshot that is being written would have to encode at once. */
function countAccess(map: ReadonlyMap<string, unknown>): () => number {
  let count = 0;
  (map as WatchedMap<string, unknown>).watch({ beforeAccess: () => (count += 1) });
  return () => count;
}

test("the deletion of a thing type reads all things, but gets hold of none", () => {
  const model = createModel();
  addThings(model, "t1", "t2", "t3");
  model.run("createThingType", { thingTypeName: "old", searchableAttributes: [] });
  model.run("deprecateThingType", { thingTypeName: "old", undo: false });
  model.advance(300_000);
  expect(model.world.things).toBeInstanceOf(WatchedMap);
  const accesses = countAccess(model.world.things);
  model.run("deleteThingType", { thingTypeName: "old" });
  expect(accesses()).toBe(0);
  expect(model.world.thingTypes.has("old")).toBe(false);
});
