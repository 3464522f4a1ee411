import { afterEach, expect, test, vi } from "vitest";
import { addThings, createModel, type Model } from "../../../test/model-driver.js";
import type { Engine } from "../../engine/engine.js";
import { createRouter } from "../../rest/router.js";
import { searchRoutes } from "./search-routes.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Sends a request. Each reading of the clock takes 10 ms, so every part of its work has a turn of its own. */
function ask(model: Model, path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  let ms = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (ms += 10));
  const { handler, params } = createRouter(searchRoutes({ world: model.world } as Engine, () => new Map()))(
    "POST",
    path,
  );
  const bytes = new Uint8Array();
  const request = {
    method: "POST",
    path,
    query: new URLSearchParams(),
    headers: {},
    certificateId: undefined,
    isGone: () => false,
  };
  return handler({ ...request, body, bytes, params }) as Promise<Record<string, unknown>>;
}

function deleteThing(model: Model, index: number): void {
  model.run("deleteThing", { thingName: `t${index}`, expectedVersion: undefined });
}

function fleet(): Model {
  const model = createModel();
  addThings(model, ...Array.from({ length: 2_000 }, (_, index) => `t${index}`));
  return model;
}

test("things are created and deleted while all are aggregated; each counts at most once", async () => {
  const model = fleet();
  const whole = { queryString: "thingName:*", aggregationField: "thingName" };
  const answer = ask(model, "/indices/cardinality", whole);
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  expect(isAnswered).toBe(false);
  for (let index = 0; index < 10; index += 1) deleteThing(model, index); // their turns are over
  for (let index = 1_990; index < 2_000; index += 1) deleteThing(model, index);
  addThings(model, "t0", "t1999", "new");
  expect(await answer).toEqual({ cardinality: 1_990 });
  expect(await ask(model, "/indices/cardinality", whole)).toEqual({ cardinality: 1_983 });
});

test("a page that many things are compared for ends where its last result is", async () => {
  const model = fleet();
  const search = { queryString: "NOT thingName:t1* AND NOT thingName:t2*", maxResults: 100 };
  const names: string[] = [];
  for (let nextToken: unknown; ; ) {
    const answer = ask(model, "/indices/search", { ...search, nextToken });
    await nextTurn();
    const next = [...model.world.things.values()].find(({ thingName }) => thingName === "t999");
    if (names.length > 0 && next !== undefined) deleteThing(model, 999);
    const page = await answer;
    names.push(...(page["things"] as { thingName: string }[]).map(({ thingName }) => thingName));
    nextToken = page["nextToken"];
    if (nextToken === undefined) break;
  }
  const expected = Array.from({ length: 2_000 }, (_, index) => `t${index}`);
  expect(names).toEqual(expected.filter((name) => !/^t[12]/.test(name) && name !== "t999"));
});
