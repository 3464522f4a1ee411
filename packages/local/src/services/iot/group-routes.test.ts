import { expect, test } from "vitest";
import { createEngine } from "../../engine/engine.js";
import { manualClock } from "../../movable-clock.js";
import { createRouter } from "../../rest/router.js";
import { groupRoutes } from "./group-routes.js";

test("the answer to the deletion of a large group comes when nothing of it is left", async () => {
  const engine = await createEngine({ clock: manualClock(0), region: "us-east-1" });
  const names = Array.from({ length: 1_100 }, (_, index) => `t${index}`);
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  for (const thingName of names) {
    await engine.run("createThing", { thingName, attributes: {} });
    await engine.run("addThingToGroup", { thingName, thingGroupName: "fleet" });
  }
  const path = "/thing-groups/fleet";
  const { handler, params } = createRouter(groupRoutes(engine, () => new Map()))("DELETE", path);
  const request = { method: "DELETE", path, query: new URLSearchParams(), headers: {}, params };
  const remove = () => handler({ ...request, body: {}, bytes: new Uint8Array(), certificateId: undefined });
  const both = Promise.all([remove(), remove()]);
  expect(engine.world.groups.has("fleet")).toBe(true);
  await both;
  expect(engine.world.groups.has("fleet")).toBe(false);
  expect([...engine.world.things.values()].every(({ groups }) => groups.size === 0)).toBe(true);
  await remove();
  await engine.close();
});
