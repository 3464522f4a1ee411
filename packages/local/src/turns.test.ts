import { expect, test } from "vitest";
import { inTurns, type Work } from "./turns.js";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Work of parts that take `ms` each. */
function* busy(parts: number, ms: number, onPart: () => void = () => undefined): Work<string> {
  for (let part = 0; part < parts; part += 1) {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    onPart();
    yield;
  }
  return "done";
}

test("work of one part has its result at once", () => {
  // biome-ignore lint/correctness/useYield: work of one part
  const work = (function* () {
    return 7;
  })();
  expect(inTurns(work)).toBe(7);
});

test("long work lets others have turns, also if much of it begins at once", async () => {
  let turns = 0;
  let isOver = false;
  let partsOfTurn = 0;
  let mostParts = 0;
  const count = () => {
    turns += 1;
    mostParts = Math.max(mostParts, partsOfTurn);
    partsOfTurn = 0;
    if (!isOver) setImmediate(count);
  };
  const onPart = () => {
    partsOfTurn += 1;
  };
  setImmediate(count);
  const results = await Promise.all(Array.from({ length: 10 }, () => inTurns(busy(20, 1, onPart))));
  isOver = true;
  expect(results).toEqual(Array(10).fill("done"));
  expect(turns).toBeGreaterThan(20);
  // In one turn: the first part of each of the ten, and what fits into the time of a turn.
  expect(mostParts).toBeLessThanOrEqual(20);
});

test("at most four go on at the same time; the others wait with their first part", async () => {
  const parts = Array<number>(10).fill(0);
  const all = parts.map((_, index) => inTurns(busy(20, 1, () => (parts[index] = (parts[index] ?? 0) + 1))));
  for (let turn = 0; turn < 8; turn += 1) await nextTurn();
  expect(parts.filter((each) => each > 1).length).toBeLessThanOrEqual(4);
  expect(Math.min(...parts)).toBe(1);
  await Promise.all(all);
  expect(parts).toEqual(Array(10).fill(20));
});

test("what work throws reaches its caller, and other work goes on", async () => {
  const failing = (function* (): Work<void> {
    yield* busy(10, 1);
    throw new Error("broken");
  })();
  const others = inTurns(busy(30, 1));
  await expect(inTurns(failing)).rejects.toThrow("broken");
  await expect(others).resolves.toBe("done");
  const atOnce = (function* (): Work<void> {
    if (Date.now() > 0) throw new Error("broken");
    yield;
  })();
  expect(() => inTurns(atOnce)).toThrow("broken");
});

test("work that nobody waits for any more ends before its next part, also while it waits for its turn", async () => {
  let parts = 0;
  let isUnwanted = false;
  const all = Array.from({ length: 6 }, () =>
    inTurns(
      busy(1_000, 1, () => (parts += 1)),
      () => isUnwanted,
    ),
  );
  await nextTurn();
  const partsBefore = parts;
  isUnwanted = true;
  const ends = await Promise.allSettled(all);
  expect(ends.map(({ status }) => status)).toEqual(Array(6).fill("rejected"));
  expect(parts).toBe(partsBefore);
});
