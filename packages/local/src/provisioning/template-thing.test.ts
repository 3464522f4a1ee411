import { beforeEach, expect, test } from "vitest";
import { createWorld, startCommand, type World } from "../jobs/world.js";
import { createThingGroup } from "../registry/groups.js";
import { createThing } from "../registry/things.js";
import { createDynamicThingGroup, deleteDynamicThingGroup } from "../search/dynamic-groups.js";
import { applyThing, planThing } from "./template-thing.js";

let world: World;
const context = () => startCommand(world, { nowMs: 0, random: () => 0.5 });

beforeEach(() => {
  world = createWorld("us-east-1");
  for (const thingGroupName of ["old", "new"])
    createThingGroup(context(), { thingGroupName, attributes: {} });
});

function apply(properties: object, overrideSettings: object = {}): void {
  const resource = { type: "AWS::IoT::Thing", properties: { ThingName: "t1", ...properties } } as const;
  applyThing(context(), planThing(world, { ...resource, overrideSettings: { ...overrideSettings } }));
}

function found() {
  const thing = world.things.get("t1");
  return { attributes: thing?.attributes, groups: [...(thing?.groups ?? [])] };
}

test("a template creates the thing with its attributes and groups", () => {
  apply({ AttributePayload: { a: "1" }, ThingGroups: ["new"] });
  expect(found()).toEqual({ attributes: { a: "1" }, groups: ["new"] });
});

test.each([
  { setting: "DO_NOTHING", attributes: { a: "1", b: "2" }, groups: ["old"] },
  { setting: "REPLACE", attributes: { a: "9" }, groups: ["new"] },
  { setting: "MERGE", attributes: { a: "9", b: "2" }, groups: ["old", "new"] },
])("OverrideSettings $setting of a thing that exists", ({ setting, attributes, groups }) => {
  apply({ AttributePayload: { a: "1", b: "2" }, ThingGroups: ["old"] });
  const settings = { AttributePayload: setting, ThingGroups: setting };
  apply({ AttributePayload: { a: "9" }, ThingGroups: ["new"] }, settings);
  expect(found()).toEqual({ attributes, groups });
});

test("without OverrideSettings, the same values again are accepted and others change nothing", () => {
  apply({ AttributePayload: { a: "1" } });
  apply({ AttributePayload: { a: "1" } });
  expect(() => apply({ AttributePayload: { a: "9" } })).toThrow(
    "Thing t1 exists with another AttributePayload",
  );
  expect(found().attributes).toEqual({ a: "1" });
});

test("properties that the template leaves out stay", () => {
  createThing(context(), { thingName: "t1", attributes: { a: "1" } });
  apply({ ThingGroups: ["new"] }, { ThingGroups: "MERGE" });
  expect(found()).toEqual({ attributes: { a: "1" }, groups: ["new"] });
});

test("a thing with a missing group or type is not created", () => {
  expect(() => apply({ ThingGroups: ["missing"] })).toThrow("Thing group missing not found");
  expect(() => apply({ ThingTypeName: "missing" })).toThrow("missing");
  expect(world.things.size).toBe(0);
});

test("a thing is not created for a group that is being deleted", () => {
  world.groupDeletions = new Set(["new"]);
  expect(() => apply({ ThingGroups: ["new"] })).toThrow("Thing group new is being deleted");
  expect(world.things.size).toBe(0);
});

test("a thing stays in a dynamic group that is being deleted", () => {
  const settings = { AttributePayload: "REPLACE", ThingGroups: "REPLACE" };
  apply({ AttributePayload: { a: "1" } });
  createDynamicThingGroup(context(), { thingGroupName: "all", attributes: {}, queryString: "thingName:*" });
  deleteDynamicThingGroup(startCommand(world, { nowMs: 0, random: () => 0.5 }, 0), { thingGroupName: "all" });
  apply({ AttributePayload: { a: "2" }, ThingGroups: ["new"] }, settings);
  expect(found()).toEqual({ attributes: { a: "2" }, groups: ["all", "new"] });
});

test("a dynamic group that is being deleted counts until the thing has left it", () => {
  const names = Array.from({ length: 10 }, (_, index) => `g${index}`);
  for (const thingGroupName of names) createThingGroup(context(), { thingGroupName, attributes: {} });
  apply({ ThingGroups: names.slice(1) });
  createDynamicThingGroup(context(), { thingGroupName: "all", attributes: {}, queryString: "thingName:*" });
  deleteDynamicThingGroup(startCommand(world, { nowMs: 0, random: () => 0.5 }, 0), { thingGroupName: "all" });
  const merge = { AttributePayload: "MERGE", ThingGroups: "MERGE" };
  const properties = { AttributePayload: { a: "1" }, ThingGroups: ["g0"] };
  expect(() => apply(properties, merge)).toThrow("more than 10 thing groups");
  expect(found().attributes).toEqual({});
});
