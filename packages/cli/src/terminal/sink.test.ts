import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { textIn } from "../../test/text-in.js";
import { openSink, pagerCommand } from "./sink.js";

test.each([
  [{}, ["less"]],
  [{ PAGER: "more -s" }, ["more", "-s"]],
  [{ PAGER: "more", FOTA_PAGER: "less -S" }, ["less", "-S"]],
  [{ FOTA_PAGER: "cat" }, []],
  [{ PAGER: "less", FOTA_PAGER: "" }, []],
])("the pager of %j is %j", (env, command) => {
  expect(pagerCommand(env)).toEqual(command);
});

const host = (stdout: PassThrough, signal = new AbortController().signal) => ({
  env: {},
  stdin: new PassThrough(),
  stdout,
  signal,
});

test("a write waits for its reader", async () => {
  const stdout = new PassThrough({ highWaterMark: 4 });
  const sink = await openSink(host(stdout), { paged: false });
  let taken = false;
  const writing = sink.write("longer than that").then((goesOn) => {
    taken = true;
    return goesOn;
  });
  await Promise.resolve();
  expect(taken).toBe(false);
  expect(textIn(stdout)).toBe("longer than that");
  expect(await writing).toBe(true);
});

test("a reader that goes, and an interruption, end it", async () => {
  const gone = new PassThrough({ highWaterMark: 4 });
  const sink = await openSink(host(gone), { paged: false });
  const writing = sink.write("longer than that");
  gone.destroy();
  expect(await writing).toBe(false);
  expect(await sink.write("more")).toBe(false);

  const interrupt = new AbortController();
  const held = await openSink(host(new PassThrough({ highWaterMark: 4 }), interrupt.signal), { paged: true });
  const waiting = held.write("longer than that");
  interrupt.abort();
  expect(await waiting).toBe(false);
});
