import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addGroup,
  addThings,
  createModel,
  groupArn,
  type Model,
  statusesOf,
} from "../../test/model-driver.js";
import { copyWorld, encodeWorld } from "../../test/support/world-copy.js";
import { runCommand } from "../engine/commands.js";
import { randomFrom } from "../engine/random.js";
import { AwsError } from "../errors.js";
import { createWorld, startCommand } from "../jobs/world.js";
import { IndexedThing } from "./indexed-thing.js";
import type { ThingIndexing } from "./indexing.js";
import { parseSavedQuery } from "./thing-query.js";

const QUERIES = [
  "attributes.site:a",
  "thingGroupNames:s1 AND NOT thingTypeName:*",
  "connectivity.connected:true",
  "shadow.name.fota.reported.version:1.*",
  "shadow.reported.battery>50 OR attributes.site:b",
  "NOT shadow.name.fota.reported.version:1.* connectivity.connected:false",
  "shadow.hasDelta:true",
  "1.0",
];

const SETTINGS: ThingIndexing = {
  thingIndexingMode: "REGISTRY_AND_SHADOW",
  namedShadowIndexingMode: "ON",
  namedShadowNames: ["fota"],
  geoLocations: [],
  customFields: [],
};

const thingName = fc.constantFrom("t1", "t2", "t3");
const thingGroupName = fc.constantFrom("s1", "s2");
const version = fc.constantFrom("1.0", "2.0", null);

/** One change that queries can see. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), thingName, site: fc.constantFrom("a", "b") }),
  fc.record({ kind: fc.constant("update" as const), thingName, site: fc.constantFrom("a", "b", "") }),
  fc.record({ kind: fc.constant("delete" as const), thingName }),
  fc.record({ kind: fc.constant("join" as const), thingName, thingGroupName }),
  fc.record({ kind: fc.constant("leave" as const), thingName, thingGroupName }),
  fc.record({ kind: fc.constant("report" as const), thingName, version }),
  fc.record({ kind: fc.constant("classic" as const), thingName, battery: fc.constantFrom(40, 60) }),
  fc.record({ kind: fc.constant("drop" as const), thingName }),
  fc.record({ kind: fc.constant("client" as const), thingName, connected: fc.boolean() }),
  fc.record({ kind: fc.constant("ungroup" as const), thingGroupName }),
  fc.record({
    kind: fc.constant("index" as const),
    settings: fc.constantFrom<ThingIndexing>(
      SETTINGS,
      { ...SETTINGS, thingIndexingMode: "REGISTRY" },
      { ...SETTINGS, namedShadowIndexingMode: "OFF" },
    ),
    connectivity: fc.boolean(),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function take(model: Model, each: Step): unknown {
  switch (each.kind) {
    case "create":
      return model.run("createThing", { thingName: each.thingName, attributes: { site: each.site } });
    case "update": {
      const attributes = { site: each.site };
      const { thingName } = each;
      return model.run("updateThing", { thingName, attributes, merge: true, removeThingType: false });
    }
    case "delete":
      return model.run("deleteThing", each);
    case "join":
      model.run("createThingGroup", { thingGroupName: each.thingGroupName, attributes: {} });
      return model.run("addThingToGroup", each);
    case "leave":
      return model.run("removeThingFromGroup", each);
    case "ungroup":
      return model.run("deleteThingGroup", each);
    case "report": {
      const state = { reported: { version: each.version } };
      return model.run("updateShadow", { thingName: each.thingName, shadowName: "fota", state });
    }
    case "classic": {
      const state = { reported: { battery: each.battery }, desired: { battery: 60 } };
      return model.run("updateShadow", { thingName: each.thingName, state });
    }
    case "drop":
      return model.run("deleteShadow", { thingName: each.thingName, shadowName: "fota" });
    case "client": {
      const reason = each.connected ? {} : { disconnectReason: "CONNECTION_LOST" };
      return model.run("noteConnectivity", { clientId: each.thingName, sinceMs: 0, ...reason });
    }
    case "index": {
      const { settings, connectivity } = each;
      return model.run("updateIndexing", {
        things: settings,
        connectivity: { indexed: connectivity, known: [] },
      });
    }
  }
}

/** The members of each group, and those that its query finds now. */
function members(model: Model) {
  const { world } = model;
  const clients = world.connectivityIndexed ? world.connectivity : undefined;
  return QUERIES.map((text, index) => {
    const group = world.groups.get(`d${index}`);
    const query = parseSavedQuery(text);
    if (group === undefined || !query.isIndexed(world)) return undefined; // the members of before stay
    const found = [...world.things.values()].filter((thing) =>
      query.finds(new IndexedThing(world, thing, clients)),
    );
    return { text, is: [...group.things].sort(), found: found.map((thing) => thing.thingName).sort() };
  });
}

function runAllowed(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}

test("after any change, a dynamic group has the things that its query finds, also after a replay", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(undefined, 1), (steps, sliceSize) => {
      const model = createModel(createWorld("us-east-1"), sliceSize);
      model.run("updateIndexing", { things: SETTINGS, connectivity: { indexed: true, known: [] } });
      for (const [index, queryString] of QUERIES.entries()) {
        model.run("createDynamicThingGroup", { thingGroupName: `d${index}`, attributes: {}, queryString });
      }
      for (const each of steps) {
        runAllowed(() => take(model, each));
        model.settle();
        for (const group of members(model)) expect(group?.is, group?.text).toEqual(group?.found);
      }
      const world = createWorld("us-east-1");
      for (const { command, input, nowMs, seed } of model.records) {
        const context = startCommand(world, { nowMs, random: randomFrom(seed) }, sliceSize);
        runAllowed(() => void runCommand(context, command, input as never));
      }
      expect(encodeWorld(world)).toBe(encodeWorld(model.world));
      expect(encodeWorld(copyWorld(world))).toBe(encodeWorld(world));
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 3_000 : 150 },
  );
});

test("a job that reports a version in the shadow of a package moves the thing between dynamic groups", () => {
  const model = createModel();
  addThings(model, "t1");
  const queryString = "shadow.name.$package.reported.app.version:2";
  model.run("createDynamicThingGroup", { thingGroupName: "on-2", attributes: {}, queryString });
  model.run("createJob", {
    jobId: "next",
    targets: [groupArn("on-2")],
    document: "{}",
    targetSelection: "CONTINUOUS",
    config: {},
    tags: {},
  });
  model.settle();
  expect(statusesOf(model, "next")).toEqual({});
  const report = (version: string | null) =>
    model.run("updateShadow", {
      thingName: "t1",
      shadowName: "$package",
      state: { reported: { app: { version } } },
    });
  report("2");
  expect(statusesOf(model, "next")).toEqual({ t1: "QUEUED" });
  report("3");
  expect(statusesOf(model, "next")).toEqual({ t1: "REMOVED" });
});

describe("a thing that is in ten groups", () => {
  const dynamic = (model: Model, thingGroupName: string, queryString: string) =>
    model.run("createDynamicThingGroup", { thingGroupName, attributes: {}, queryString });
  const groupsOf = (model: Model) => [...(model.world.things.get("t1")?.groups ?? [])].sort();
  const report = (model: Model, version: string) =>
    model.run("updateShadow", { thingName: "t1", state: { reported: { version } } });
  const TEN = Array.from("abcdefghij");

  function modelWithTen(): Model {
    const model = createModel();
    addThings(model, "t1");
    dynamic(model, "oldest", "shadow.reported.version:2");
    for (const name of TEN) dynamic(model, name, "thingName:t1");
    return model;
  }

  test("leaves the newest dynamic group for one that is older", () => {
    const model = modelWithTen();
    report(model, "2");
    expect(groupsOf(model)).toEqual([...TEN.slice(0, 9), "oldest"]);
    report(model, "3");
    model.run("updateThing", {
      thingName: "t1",
      attributes: { a: "1" },
      merge: true,
      removeThingType: false,
    });
    expect(groupsOf(model)).toEqual(TEN);
  });

  test("does not join a newer dynamic group", () => {
    const model = modelWithTen();
    dynamic(model, "newest", "thingName:t1");
    expect(groupsOf(model)).toEqual(TEN);
  });

  test("leaves the newest dynamic group for a static one, with overrideDynamicGroups", () => {
    const model = modelWithTen();
    report(model, "2"); // joins the oldest group last
    addGroup(model, "static", []);
    const add = { thingName: "t1", thingGroupName: "static", overrideDynamicGroups: true };
    model.run("addThingToGroup", add);
    expect(groupsOf(model)).toEqual([...TEN.slice(0, 8), "oldest", "static"]);
  });
});
