import { describe, expect, test, vi } from "vitest";
import { StateBuilder } from "./state-builder.js";
import { StateCapture } from "./state-capture.js";
import { readFrom, WatchedMap } from "./watched-map.js";

interface Box {
  name: string;
  tags: Set<string>;
  inside: Map<string, { count: number }>;
}

/** Parts are as small as possible, so that each entry has its own record. */
const SMALL = { inlineMax: 2, recordChars: 1 };

function createState() {
  const boxes = new WatchedMap<string, Box>();
  for (const name of ["a", "b", "c", "d"]) {
    const inside = new WatchedMap<string, { count: number }>();
    for (const key of ["x", "y"]) inside.set(key, { count: 1 });
    boxes.set(name, { name, tags: new Set(["t1", "t2", name]), inside });
  }
  return { total: 4, order: [1, 2, 3, 4, 5], boxes, plain: new Map([[7, { deep: { set: new Set([1]) } }]]) };
}

/** Returns the state of the records with plain Maps, which `toEqual` can compare. */
function build(records: Iterable<string>): unknown {
  const builder = new StateBuilder();
  for (const record of records) builder.add(JSON.parse(record));
  return structuredClone(builder.finish());
}

test("records rebuild the state, with its Sets, Maps, keys and order", () => {
  const state = createState();
  for (const options of [SMALL, {}]) {
    const built = build(new StateCapture(state, options).records());
    expect(built).toEqual(structuredClone(state));
    expect(Object.keys(built as object)).toEqual(Object.keys(state));
  }
});

test("a long collection takes several records, and a short one none of its own", () => {
  const state = createState();
  const at = (options: object) =>
    [...new StateCapture(state, options).records()].map((record) => JSON.stringify(JSON.parse(record).at));
  expect(at(SMALL).filter((path) => path === '["state","order"]')).toHaveLength(3);
  expect(at(SMALL).filter((path) => path === '["state","boxes"]')).toHaveLength(4);
  expect(at({}).filter((path) => path.includes("tags") || path.includes("order"))).toEqual([]);
});

test("the watcher hears of a value that a command may change, not of one that it only reads", () => {
  const { boxes } = createState();
  const beforeAccess = vi.fn();
  boxes.watch({ beforeAccess });
  expect(readFrom(boxes, "a")?.name).toBe("a");
  expect(beforeAccess).not.toHaveBeenCalled();
  boxes.get("a");
  expect(beforeAccess).toHaveBeenCalledWith("a");
});

/** Each change runs after each number of records; the result must be the state before it. */
describe.each<[string, (state: ReturnType<typeof createState>) => void]>([
  [
    "a value that is changed in place",
    ({ boxes }) => Object.assign(boxes.get("c") ?? {}, { name: "changed" }),
  ],
  ["a Set that gains and loses elements", ({ boxes }) => boxes.get("c")?.tags.add("new").delete("t1")],
  [
    "a value of an inner Map",
    ({ boxes }) => Object.assign(boxes.get("d")?.inside.get("x") ?? {}, { count: 2 }),
  ],
  ["an inner Map that loses a value", ({ boxes }) => boxes.get("b")?.inside.delete("x")],
  [
    "a value that is replaced",
    ({ boxes }) => boxes.set("c", { name: "new", tags: new Set(), inside: new Map() }),
  ],
  [
    "a value that is removed and added again",
    ({ boxes }) => {
      const box = boxes.get("b") as Box;
      boxes.delete("b");
      boxes.set("b", { ...box, name: "again" });
    },
  ],
  ["an added value", ({ boxes }) => boxes.set("e", { name: "e", tags: new Set(), inside: new Map() })],
  [
    "values that are changed one after the other",
    ({ boxes }) => {
      for (const box of boxes.values()) box.name = "all";
      for (const [, box] of boxes) box.tags.clear();
      boxes.forEach((box) => {
        for (const inner of box.inside.values()) inner.count = 0;
      });
    },
  ],
  ["all values removed", ({ boxes }) => boxes.clear()],
  [
    "what is in no watched Map",
    (state) => {
      state.total = 5;
      state.order.push(6);
      state.plain.get(7)?.deep.set.add(2);
      state.plain.set(8, { deep: { set: new Set() } });
    },
  ],
])("%s", (_what, change) => {
  test("is in the records as it was when the capture began", () => {
    const expected = createState();
    const count = [...new StateCapture(expected, SMALL).records()].length;
    expect(count).toBeGreaterThan(15);
    for (let before = 0; before <= count; before += 1) {
      const state = createState();
      const capture = new StateCapture(state, SMALL);
      const records: string[] = [];
      for (const record of capture.records()) {
        if (records.length === before) capture.change(() => change(state));
        records.push(record);
      }
      expect(build(records), `changed after ${before} records`).toEqual(structuredClone(expected));
      expect([...(build(records) as typeof state).boxes.keys()]).toEqual(["a", "b", "c", "d"]);
    }
  });
});

test("reading encodes nothing early, and after the end nothing is followed", () => {
  const state = createState();
  const capture = new StateCapture(state, SMALL);
  expect([...state.boxes.values()]).toHaveLength(4);
  const box = state.boxes.get("d") as Box;
  box.name = "changed outside of a change";
  expect(build(capture.records())).toEqual(structuredClone(state));
  const other = new StateCapture(state, SMALL);
  other.end();
  expect([...other.records()]).toEqual([]);
});

test("a record that does not follow the others is refused", () => {
  const builder = new StateBuilder();
  expect(() => builder.finish()).toThrow("no root");
  expect(() => builder.add({ at: ["state", "boxes"], entries: [] })).toThrow('no place at ["state","boxes"]');
  expect(() => builder.add({ at: [], items: [1] })).toThrow("no place at []");
});
