import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "./on-abort.js";

test("all listeners are called once on the abort, but not those that were taken back", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onAbort(controller.signal, () => called.push("first"));
  const forget = onAbort(controller.signal, () => called.push("second"));
  onAbort(controller.signal, () => called.push("third"));
  forget();
  controller.abort();
  controller.abort();
  expect(called).toEqual(["first", "third"]);
});

test("any number of listeners is one listener of the signal", () => {
  const { signal } = new AbortController();
  for (let count = 0; count < 100; count += 1) onAbort(signal, () => {});
  expect(getEventListeners(signal, "abort").length).toBe(1);
});
