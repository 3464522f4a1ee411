import { expect, test } from "vitest";
import { addGroup, addThings, createModel } from "../../test/model-driver.js";
import { itemsOf } from "../listing/list-index.js";
import { listThingsOfGroup } from "./membership.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the list of a large group has its things in their order, also while it is made and after changes", async () => {
  const model = createModel();
  const names = Array.from({ length: 10_001 }, (_, index) => `t${index}`);
  addThings(model, ...names, "other");
  addGroup(model, "g1", [...names].reverse());
  const { world } = model;
  const list = (last?: number) => {
    const group = world.groups.get("g1");
    if (group === undefined) throw new Error("there is no group g1");
    return [...itemsOf(listThingsOfGroup(world, group, false), last, "oldestFirst")].map(
      (each) => each.thingName,
    );
  };
  expect(list()).toEqual(names);
  model.run("removeThingFromGroup", { thingName: "t1", thingGroupName: "g1" });
  for (let count = 0; count < 12; count += 1) {
    expect(list(world.things.get("t9999")?.sequence)).toEqual(["t10000"]);
    await turn();
  }
  model.run("addThingToGroup", { thingName: "other", thingGroupName: "g1" });
  model.run("deleteThing", { thingName: "t2" });
  expect(list()).toEqual(["t0", ...names.slice(3), "other"]);
  model.run("deleteThing", { thingName: "t3" });
  expect(list()).toEqual(["t0", ...names.slice(4), "other"]);
});
