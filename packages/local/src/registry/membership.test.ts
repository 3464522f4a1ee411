import { expect, test } from "vitest";
import { addGroup, addThings, createModel } from "../../test/model-driver.js";
import { itemsOf } from "../listing/list-index.js";

import { existingGroup } from "./groups.js";
import { listThingsOfBillingGroup, listThingsOfGroup } from "./membership.js";
import { existingBillingGroup } from "./things.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each(["thing group", "billing group"])(
  "the list of a large %s has its things in their order, also while it is made and after changes",
  async (kind) => {
    const model = createModel();
    const names = Array.from({ length: 10_001 }, (_, index) => `t${index}`);
    addThings(model, ...names, "other");
    const { world } = model;
    const isBilling = kind === "billing group";
    const add = (thingName: string) => {
      if (isBilling) model.run("addThingToBillingGroup", { thingName, billingGroupName: "g1" });
      else model.run("addThingToGroup", { thingName, thingGroupName: "g1" });
    };
    if (isBilling) model.run("createBillingGroup", { billingGroupName: "g1", tags: {} });
    else addGroup(model, "g1", []);
    for (const name of [...names].reverse()) add(name);
    const list = (last?: number) => {
      const things = isBilling
        ? listThingsOfBillingGroup(world, existingBillingGroup(world, "g1"))
        : listThingsOfGroup(world, existingGroup(world, "g1"), false);
      return [...itemsOf(things, last, "oldestFirst")].map((each) => each.thingName);
    };
    expect(list()).toEqual(names);
    if (isBilling) model.run("removeThingFromBillingGroup", { thingName: "t1", billingGroupName: "g1" });
    else model.run("removeThingFromGroup", { thingName: "t1", thingGroupName: "g1" });
    for (let count = 0; count < 12; count += 1) {
      expect(list(world.things.get("t9999")?.sequence)).toEqual(["t10000"]);
      await turn();
    }
    add("other");
    model.run("deleteThing", { thingName: "t2" });
    expect(list()).toEqual(["t0", ...names.slice(3), "other"]);
    model.run("deleteThing", { thingName: "t3" });
    expect(list()).toEqual(["t0", ...names.slice(4), "other"]);
  },
);
