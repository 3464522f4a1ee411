import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createModel, MINUTE_MS, type Model, START_MS } from "../../test/model-driver.js";
import { copyWorld, encodeWorld } from "../../test/support/world-copy.js";
import { runCommand } from "../engine/commands.js";
import { randomFrom } from "../engine/random.js";
import { AwsError } from "../errors.js";
import { createWorld, startCommand } from "../jobs/world.js";
import { deltaOf } from "./delta.js";
import { getShadow } from "./get-shadow.js";
import { isObject, type Json, type JsonObject, member, sameJson } from "./json.js";
import { mergeState } from "./merge.js";
import { parseRequest, parseUpdate } from "./request.js";

const T0 = START_MS / 1000;
const HOUR_MS = 60 * MINUTE_MS;
const id = { thingName: "t1" };

function update(model: Model, request: object, shadowName?: string) {
  const parsed = parseUpdate(Buffer.from(JSON.stringify(request)));
  return model.run("updateShadow", { ...id, ...(shadowName !== undefined && { shadowName }), ...parsed });
}

const get = (model: Model) => getShadow(model.world, id, model.nowMs);

/** The messages since the last call, by the end of their topic. */
function takeMessages(model: Model) {
  return Object.fromEntries(
    model.takeNotices().map(({ topic, payload }) => [topic.split("/shadow/")[1], JSON.parse(payload)]),
  );
}

describe("an update", () => {
  test("creates the shadow, and publishes the answer, the delta and the documents", () => {
    const model = createModel();
    const answer = update(model, {
      state: { desired: { color: "red", lamp: { on: true } } },
      clientToken: "abc",
    });
    const metadata = {
      desired: { color: { timestamp: T0 }, lamp: { on: { timestamp: T0 } } },
    };
    const state = { desired: { color: "red", lamp: { on: true } } };
    const common = { timestamp: T0, clientToken: "abc" };
    expect(answer).toEqual({ state, metadata, version: 1, ...common });
    expect(takeMessages(model)).toEqual({
      "update/accepted": answer,
      "update/delta": { state: state.desired, metadata: metadata.desired, version: 1, ...common },
      "update/documents": { current: { state, metadata, version: 1 }, ...common },
    });
  });

  test("merges into what is there, keeps the times of the rest, and names only what differs in the delta", () => {
    const model = createModel();
    update(model, {
      state: { desired: { color: "red", n: 1 }, reported: { color: "green", n: 1, t: [1, 2] } },
    });
    takeMessages(model);
    const previous = { version: 1, state: get(model).state, metadata: get(model).metadata };
    model.advance(10_000);
    const T1 = T0 + 10;
    expect(update(model, { state: { reported: { t: [3], n: null } } })).toEqual({
      state: { reported: { t: [3], n: null } },
      metadata: { reported: { t: [{ timestamp: T1 }], n: { timestamp: T1 } } },
      version: 2,
      timestamp: T1,
    });
    const messages = takeMessages(model);
    expect(messages["update/delta"]).toEqual({
      state: { color: "red", n: 1 },
      metadata: { color: { timestamp: T0 }, n: { timestamp: T0 } },
      version: 2,
      timestamp: T1,
    });
    const { delta: _, ...withoutDelta } = previous.state;
    expect(messages["update/documents"].previous).toEqual({ ...previous, state: withoutDelta });
    expect(get(model)).toEqual({
      state: {
        desired: { color: "red", n: 1 },
        reported: { color: "green", t: [3] },
        delta: { color: "red", n: 1 },
      },
      metadata: {
        desired: { color: { timestamp: T0 }, n: { timestamp: T0 } },
        reported: { color: { timestamp: T0 }, t: [{ timestamp: T1 }] },
      },
      version: 2,
      timestamp: T1,
    });
  });

  test("publishes no delta when both sections agree", () => {
    const model = createModel();
    update(model, { state: { desired: { color: "red" }, reported: { color: "red", extra: 1 } } });
    expect(Object.keys(takeMessages(model))).toEqual(["update/accepted", "update/documents"]);
    expect(get(model).state).not.toHaveProperty("delta");
  });

  test("with null for a section removes it, and with null for the state empties the shadow", () => {
    const model = createModel();
    update(model, { state: { desired: { a: 1 }, reported: { a: 2 } } });
    update(model, { state: { desired: null } });
    expect(get(model)).toMatchObject({ state: { reported: { a: 2 } }, version: 2 });
    expect(get(model).state).not.toHaveProperty("desired");
    update(model, { state: null });
    expect(get(model)).toMatchObject({ state: {}, metadata: {}, version: 3 });
  });

  test("leaves no empty objects behind for nulls alone, but stores an object that is sent empty", () => {
    const model = createModel();
    update(model, { state: { reported: { a: { b: { c: null } }, d: {}, e: 1 } } });
    expect(get(model).state.reported).toEqual({ d: {}, e: 1 });
    update(model, { state: { reported: { d: null, e: null } } });
    expect(get(model).state).toEqual({});
  });

  test("with a version is accepted only if it is the current one, 0 for a new shadow", () => {
    const model = createModel();
    const conflict = { status: 409, code: "ConflictException", message: "Version conflict" };
    expect(() => update(model, { state: {}, version: 1 })).toThrow(expect.objectContaining(conflict));
    expect(update(model, { state: { reported: { a: 1 } }, version: 0 }).version).toBe(1);
    expect(() => update(model, { state: {}, version: 0 })).toThrow(expect.objectContaining(conflict));
    expect(update(model, { state: {}, version: 1 }).version).toBe(2);
  });

  test("is refused if desired and reported together have more than 8 KiB, and changes nothing then", () => {
    const model = createModel();
    update(model, { state: { desired: { a: "x".repeat(8192 - '{"a":""}'.length) } } });
    const before = get(model);
    expect(() => update(model, { state: { reported: { b: 1 } } })).toThrow(
      expect.objectContaining({ status: 413, message: "The payload exceeds the maximum size allowed" }),
    );
    expect(get(model)).toEqual(before);
  });
});

const nested = (levels: number): Json => (levels === 0 ? 1 : { k: nested(levels - 1) });

test.each([
  { payload: "", status: 400, message: "Invalid JSON" },
  { payload: "{", status: 400, message: "Invalid JSON" },
  { payload: "[]", status: 400, message: "Invalid JSON" },
  { payload: "{}", status: 400, message: "Missing required node: state" },
  { payload: '{"state":1}', status: 400, message: "State node must be an object" },
  { payload: '{"state":{"desired":[]}}', status: 400, message: "Desired node must be an object" },
  { payload: '{"state":{"reported":"a"}}', status: 400, message: "Reported node must be an object" },
  { payload: '{"state":{"delta":{}}}', status: 400, message: "State contains an invalid node: 'delta'" },
  {
    payload: '{"state":{"desired":{"a":[1,null]}}}',
    status: 400,
    message: "State contains an invalid node: 'a'",
  },
  { payload: '{"state":{"reported":{"a":1e400}}}', status: 400, message: "Invalid JSON" },
  { payload: '{"state":{"desired":{"a":[{"b":-1e400}]}}}', status: 400, message: "Invalid JSON" },
  { payload: '{"state":{},"version":-1}', status: 400, message: "Invalid version" },
  { payload: '{"state":{},"version":"1"}', status: 400, message: "Invalid version" },
  { payload: '{"state":{},"clientToken":1}', status: 400, message: "Invalid clientToken" },
  {
    payload: `{"state":{},"clientToken":"${"ä".repeat(32)}x"}`,
    status: 400,
    message: "Invalid clientToken",
  },
  {
    payload: JSON.stringify({ state: { desired: nested(10) } }),
    status: 400,
    message: "JSON contains too many levels of nesting; maximum is 8",
  },
  {
    payload: Buffer.from([0x7b, 0xff, 0x7d]),
    status: 415,
    message: "Unsupported documented encoding; supported encoding is UTF-8",
  },
])("an update of $payload is refused: $message", ({ payload, status, message }) => {
  expect(() => parseUpdate(Buffer.from(payload))).toThrow(expect.objectContaining({ status, message }));
});

test("eight levels below a section, a token of 64 bytes and unknown members are accepted", () => {
  const request = { state: { desired: nested(9) }, clientToken: "ä".repeat(32), other: 1 };
  const { other: _, ...read } = request;
  expect(parseUpdate(Buffer.from(JSON.stringify(request)))).toEqual(read);
});

test("a request without a payload has no client token; lists nested without end are refused", () => {
  expect(parseRequest(Buffer.from(""))).toEqual({});
  const deep = `{"state":{"desired":{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}}}`;
  expect(() => parseUpdate(Buffer.from(deep))).toThrow("too many levels");
});

describe("a deleted shadow", () => {
  const remove = (model: Model) => model.run("deleteShadow", id);
  const gone = { status: 404, message: "No shadow exists with name: 't1'" };

  test("is not found, and its name continues its version", () => {
    const model = createModel();
    expect(() => remove(model)).toThrow(expect.objectContaining(gone));
    update(model, { state: { reported: { a: 1 } } });
    update(model, { state: { reported: { a: 2 } } });
    takeMessages(model);
    expect(model.run("deleteShadow", { ...id, clientToken: "t" })).toEqual({
      version: 2,
      timestamp: T0,
      clientToken: "t",
    });
    expect(takeMessages(model)).toEqual({
      "delete/accepted": { version: 2, timestamp: T0, clientToken: "t" },
    });
    expect(() => get(model)).toThrow(expect.objectContaining(gone));
    expect(() => remove(model)).toThrow(expect.objectContaining(gone));
    update(model, { state: { reported: { b: 1 } } });
    expect(get(model)).toMatchObject({ state: { reported: { b: 1 } }, version: 3 });
    expect(takeMessages(model)["update/documents"]).not.toHaveProperty("previous");
  });

  test("leaves no version behind after 48 hours", () => {
    const model = createModel();
    update(model, { state: { reported: { a: 1 } } });
    remove(model);
    model.advance(48 * HOUR_MS);
    expect(update(model, { state: { reported: { a: 1 } } }).version).toBe(1);
  });
});

test("a shadow needs no thing, and outlives it", () => {
  const model = createModel();
  update(model, { state: { reported: { a: 1 } } });
  model.run("createThing", { thingName: "t1", attributes: {} });
  model.run("deleteThing", { thingName: "t1" });
  expect(get(model).version).toBe(1);
});

test("a state may have members that JavaScript or the state file reserves", () => {
  const model = createModel();
  const state = '{"reported":{"__proto__":{"a":1},"$map":[[1,2]],"toString":{"b":1}}}';
  model.run("updateShadow", { ...id, ...parseUpdate(Buffer.from(`{"state":${state}}`)) });
  const world = copyWorld(model.world);
  expect(JSON.stringify(getShadow(world, id, 0).state)).toBe(state);
  update(model, { state: { reported: { toString: { c: 1 } } } });
  expect(get(model).state.reported?.["toString"]).toEqual({ b: 1, c: 1 });
});

const name = fc.constantFrom("a", "b", "c", "__proto__", "$map");
const leaf = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom("x", true), fc.constant([1, { a: 1 }]));
const section = (withNulls: boolean) =>
  fc.letrec<{ object: JsonObject; value: Json }>((tie) => ({
    object: fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    value: fc.oneof(
      { depthSize: "small", maxDepth: 3 },
      leaf as fc.Arbitrary<Json>,
      fc.constant(withNulls ? null : 1),
      tie("object"),
    ),
  })).object;

/** The values in a document that are not objects, by path. */
function leaves(value: Json, path = ""): Map<string, Json> {
  if (!isObject(value)) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, `${path}/${key}`)]));
}

function hasNull(value: JsonObject): boolean {
  return Object.values(value).some((inner) => inner === null || (isObject(inner) && hasNull(inner)));
}

test("merging: the patch wins, nulls delete, the rest stays, and a second time changes nothing", () => {
  fc.assert(
    fc.property(section(false), section(true), (state, patch) => {
      const merged = mergeState(state, patch);
      expect(hasNull(merged)).toBe(false);
      expect(mergeState(merged, patch)).toEqual(merged);
      for (const [key, value] of Object.entries(state)) {
        if (!Object.hasOwn(patch, key)) expect(member(merged, key)).toEqual(value);
      }
      const result = leaves(merged);
      for (const [path, value] of leaves(patch)) {
        expect(result.get(path)).toEqual(value === null ? undefined : value);
      }
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 5_000 : 300 },
  );
});

test("a delta is what differs: none between equal states, and reporting it ends it", () => {
  fc.assert(
    fc.property(section(false), section(false), (desired, reported) => {
      expect(deltaOf(desired, desired)).toBeUndefined();
      const delta = deltaOf(desired, reported);
      const missing = [...leaves(desired)].filter(([path, value]) => {
        const other = leaves(reported).get(path);
        return other === undefined || !sameJson(value, other);
      });
      const found = leaves(delta ?? {});
      for (const [path, value] of missing) expect(found.get(path)).toEqual(value);
      expect(found.size).toBe(missing.length);
      expect(delta === undefined ? undefined : deltaOf(desired, mergeState(reported, delta))).toBeUndefined();
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 5_000 : 300 },
  );
});

test("each update adds 1 to the version, metadata mirrors the state, and a replay gives the same world", () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ desired: section(true), reported: section(true) }, { requiredKeys: [] }),
    },
    { weight: 1, arbitrary: fc.constantFrom("delete" as const, "wait" as const, "clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const model = createModel();
      let version = 0;
      for (const each of steps) {
        if (each === "wait") model.advance(MINUTE_MS);
        else if (each === "delete") {
          try {
            model.run("deleteShadow", id);
          } catch (error) {
            if (!(error instanceof AwsError)) throw error;
          }
        } else {
          version += 1;
          expect(update(model, { state: each === "clear" ? null : each }).version).toBe(version);
          const { state, metadata } = get(model);
          for (const half of ["desired", "reported"] as const) {
            expect(shapeOf(metadata[half] ?? {})).toEqual(shapeOf(state[half] ?? {}));
          }
        }
      }
      const world = createWorld("us-east-1");
      for (const { command, input, nowMs, seed } of model.records) {
        try {
          runCommand(startCommand(world, { nowMs, random: randomFrom(seed) }), command, input as never);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
        }
      }
      expect(encodeWorld(world)).toBe(encodeWorld(model.world));
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 2_000 : 100 },
  );
});

/** The value with "leaf" in place of its values, or of the times in metadata. */
function shapeOf(value: Json): Json {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (!isObject(value) || typeof member(value, "timestamp") === "number") return "leaf";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}
