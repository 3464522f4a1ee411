import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openPanelStream, stateOf } from "./stream.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const A = { id: "a", html: "<p>a</p>" };
const B = { id: "b", html: "<p>b</p>" };

function open(known?: string) {
  const written: string[] = [];
  const ended = { count: 0 };
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writeHead: () => {},
    write: (text: string) => written.push(text),
    end: () => response.emit("close"),
    destroy: () => response.emit("close"),
  });
  const stream = openPanelStream(response as unknown as ServerResponse, {
    headers: {},
    known,
    onEnd() {
      ended.count += 1;
    },
  });
  const events = () =>
    written
      .filter((text) => text.startsWith("event: panels"))
      .map((text) => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? ""));
  return { stream, response, written, events, ended };
}

test("sends all panels at first, then those that changed, with the order of all", () => {
  const { stream, events, written } = open();
  stream.send("t", [A, B]);
  stream.send("t", [A, B]);
  const changed = { id: "b", html: "<p>c</p>" };
  stream.send("u", [changed, A]);
  expect(events()).toEqual([
    { title: "t", order: ["a", "b"], changed: [A, B] },
    { title: "u", order: ["b", "a"], changed: [changed] },
  ]);
  expect(written.at(-1)).toContain(`\nid: ${stateOf([changed, A])}\n`);
});

test("a page that has the state already gets only later changes", () => {
  const { stream, events } = open(stateOf([A, B]));
  stream.send("t", [A, B]);
  expect(events()).toEqual([]);
  stream.send("t", [A, { id: "b", html: "<p>c</p>" }]);
  expect(events()).toMatchObject([{ changed: [{ id: "b" }] }]);
});

test("a page with another state gets all panels", () => {
  const { stream, events } = open("of an earlier run");
  stream.send("t", [A, B]);
  expect(events()).toMatchObject([{ changed: [A, B] }]);
});

test("line breaks in a panel do not end the event", () => {
  const { stream, events } = open();
  stream.send("t", [{ id: "a", html: "<pre>\n\nevent: stopped\n\n</pre>" }]);
  expect(events()).toHaveLength(1);
});

test("a reader that is too slow is disconnected, once", () => {
  const { stream, response, ended, written } = open();
  response.writableLength = 5_000_000;
  stream.send("t", [A]);
  expect(ended.count).toBe(1);
  const count = written.length;
  stream.send("t", [B]);
  stream.end("late");
  vi.advanceTimersByTime(60_000);
  expect(written).toHaveLength(count);
});

test("an idle stream has a heartbeat, and its end names the reason", () => {
  const { stream, written, ended } = open();
  vi.advanceTimersByTime(15_000);
  expect(written.at(-1)).toMatch(/^: /);
  stream.end("stopped");
  expect(written.at(-1)).toBe('event: stopped\ndata: {"reason":"stopped"}\n\n');
  expect(ended.count).toBe(1);
});
