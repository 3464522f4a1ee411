/** Groups with more members than a command changes at once. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEngine, type Engine } from "../../engine/engine.js";
import { manualClock } from "../../movable-clock.js";
import { createRouter } from "../../rest/router.js";
import { groupRoutes } from "./group-routes.js";

const names = Array.from({ length: 1_100 }, (_, index) => `t${index}`);

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ clock: manualClock(0), region: "us-east-1" });
  for (const thingName of names) await engine.run("createThing", { thingName, attributes: { model: "x1" } });
});
afterEach(() => engine.close());

const ask = (method: string, path: string, body: Record<string, unknown> = {}) => {
  const { handler, params } = createRouter(groupRoutes(engine, () => new Map()))(method, path);
  const request = { method, path, query: new URLSearchParams(), headers: {}, params, body };
  return handler({ ...request, bytes: new Uint8Array(), certificateId: undefined, isGone: () => false });
};
/** Waits until a request has run its command: without a folder, before any tick. */
const hasRun = async () => {
  for (let count = 0; count < 50; count += 1) await undefined;
};
const isIn = (name: string) => names.filter((each) => engine.world.things.get(each)?.groups.has(name)).length;

test("the answer to a deletion comes when nothing of the group is left", async () => {
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  for (const thingName of names) await engine.run("addThingToGroup", { thingName, thingGroupName: "fleet" });
  const both = Promise.all([ask("DELETE", "/thing-groups/fleet"), ask("DELETE", "/thing-groups/fleet")]);
  expect(engine.world.groups.has("fleet")).toBe(true);
  await both;
  expect(engine.world.groups.has("fleet")).toBe(false);
  expect(isIn("fleet")).toBe(0);
  await ask("DELETE", "/thing-groups/fleet");
});

test("the answer about a dynamic group comes when it has its members; meanwhile it is BUILDING or REBUILDING", async () => {
  const path = "/dynamic-thing-groups/x1";
  const status = () => ask("GET", "/thing-groups/x1");
  const made = ask("POST", path, { queryString: "attributes.model:x1" });
  await hasRun();
  expect(status()).toMatchObject({ status: "BUILDING" });
  await made;
  expect(status()).toMatchObject({ status: "ACTIVE" });
  expect(isIn("x1")).toBe(names.length);
  const changed = ask("PATCH", path, { thingGroupProperties: {}, queryString: "attributes.model:x2" });
  await hasRun();
  expect(status()).toMatchObject({ status: "REBUILDING" });
  await changed;
  expect(status()).toMatchObject({ status: "ACTIVE" });
  expect(isIn("x1")).toBe(0);
});
