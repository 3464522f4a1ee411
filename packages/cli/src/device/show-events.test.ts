import { expect, test } from "vitest";
import type { Output } from "../terminal/output.js";
import { displayEvents } from "./show-events.js";

const things = Array.from({ length: 51 }, (_, index) => `a-${index + 1}`);

function jsonDisplay() {
  const writes: (readonly unknown[])[] = [];
  const output = {
    json: true,
    jsonLines: (data: readonly unknown[]) => void writes.push(data),
  } as Partial<Output>;
  return { writes, display: displayEvents(output as Output, things) };
}

test("with --json, a large fleet prints the events of one turn of the event loop in one write, in order", async () => {
  const { writes, display } = jsonDisplay();
  display.of("a-1")({ event: "connected" });
  display.of("a-51")({ event: "booted", slot: 0, trial: false });
  expect(writes).toEqual([]);
  await new Promise(setImmediate);
  display.of("a-1")({ event: "disconnected" });
  await new Promise(setImmediate);
  expect(writes).toEqual([
    [
      { thing: "a-1", event: "connected" },
      { thing: "a-51", event: "booted", slot: 0, trial: false },
    ],
    [{ thing: "a-1", event: "disconnected" }],
  ]);
});

test("the end of a fleet prints the events that are left", () => {
  const { writes, display } = jsonDisplay();
  display.of("a-2")({ event: "disconnected" });
  display.close();
  expect(writes).toEqual([[{ thing: "a-2", event: "disconnected" }]]);
});
