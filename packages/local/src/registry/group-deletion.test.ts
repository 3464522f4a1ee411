/** Deletions of groups with more members than a command changes at once. */
import { beforeEach, expect, test } from "vitest";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  groupArn,
  type Model,
  statusesOf,
} from "../../test/model-driver.js";
import { createWorld } from "../jobs/world.js";

const THINGS = ["t1", "t2", "t3", "t4", "t5"];
const fleet = { thingGroupName: "fleet", attributes: {} };

let model: Model;
beforeEach(() => {
  model = createModel(createWorld("us-east-1"), 2);
  addThings(model, ...THINGS);
});

const members = (name: string) => [...(model.world.groups.get(name)?.things ?? [])];
const groupsOf = (thingName: string) => [...(model.world.things.get(thingName)?.groups ?? [])];

test("its members leave in ticks, and their executions with them; then it is gone", () => {
  addGroup(model, "root", []);
  addGroup(model, "fleet", THINGS, "root");
  addJob(model, "j1", [groupArn("fleet")], { targetSelection: "CONTINUOUS" });
  model.run("deleteThingGroup", { thingGroupName: "fleet" });
  model.run("deleteThingGroup", { thingGroupName: "fleet" });
  expect(members("fleet")).toEqual(THINGS);
  model.run("tick", {});
  expect(members("fleet")).toEqual(["t3", "t4", "t5"]);
  expect(groupsOf("t2")).toEqual([]);
  expect(groupsOf("t3")).toEqual(["fleet"]);
  expect(statusesOf(model, "j1")).toMatchObject({ t2: "REMOVED", t3: "QUEUED" });
  expect(() => model.run("deleteThingGroup", { thingGroupName: "root" })).toThrow("still has child groups");
  model.settle();
  expect(Object.values(statusesOf(model, "j1"))).toEqual(THINGS.map(() => "REMOVED"));
  model.run("deleteThingGroup", { thingGroupName: "root" });
  expect(model.world.groups.size).toBe(0);
  model.run("createThingGroup", fleet);
  expect(members("fleet")).toEqual([]);
});

test("it is not changed meanwhile", () => {
  addGroup(model, "fleet", THINGS);
  model.run("deleteThingGroup", { thingGroupName: "fleet" });
  const refused = "Thing group fleet is being deleted";
  const joining = { thingName: "t1", thingGroupName: "fleet" };
  expect(() => model.run("addThingToGroup", joining)).toThrow(refused);
  expect(() => model.run("updateThingGroup", { ...fleet, merge: true })).toThrow(refused);
  expect(() => model.run("createThingGroup", fleet)).toThrow(refused);
  const child = { thingGroupName: "below", attributes: {}, parent: "fleet" };
  expect(() => model.run("createThingGroup", child)).toThrow(refused);
  model.run("removeThingFromGroup", { thingName: "t4", thingGroupName: "fleet" });
  model.run("deleteThing", { thingName: "t5" });
  expect(members("fleet")).toEqual(["t1", "t2", "t3"]);
  model.settle();
  expect(model.world.groups.size).toBe(0);
});

test("no thing joins a dynamic group that is being deleted", () => {
  model.run("createDynamicThingGroup", { ...fleet, queryString: "thingName:*" });
  model.settle();
  model.run("deleteDynamicThingGroup", { thingGroupName: "fleet" });
  model.run("tick", {});
  addThings(model, "t6");
  model.run("updateThing", { thingName: "t1", attributes: { a: "b" }, merge: true, removeThingType: false });
  expect(members("fleet")).toEqual(["t3", "t4", "t5"]);
  const query = { ...fleet, merge: true, queryString: "thingName:t*" };
  expect(() => model.run("updateDynamicThingGroup", query)).toThrow("Thing group fleet is being deleted");
  model.settle();
  expect(groupsOf("t3")).toEqual([]);
  expect(model.world.groups.size).toBe(0);
});

test("a tick removes no more members of several groups than of one", () => {
  addGroup(model, "fleet", THINGS);
  addThings(model, "t6", "t7", "t8", "t9");
  addGroup(model, "other", ["t6", "t7", "t8", "t9"]);
  model.run("deleteThingGroup", { thingGroupName: "fleet" });
  model.run("deleteThingGroup", { thingGroupName: "other" });
  const groups = () => [model.world.groups.get("fleet"), model.world.groups.get("other")];
  const membersLeft: number[] = [];
  model.onRun = () => {
    membersLeft.push(groups().reduce((sum, group) => sum + (group?.things.size ?? 0), 0));
  };
  model.settle();
  expect(membersLeft).toEqual([7, 5, 3, 1, 0]);
});
