import { FotaError } from "@fota/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSource } from "./source.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A source that counts its reads; `next` may be replaced by an error, `pause` by another time. */
function openSource(pauseMs: number | undefined = 1_000) {
  const state = { reads: 0, error: undefined as FotaError | undefined, pause: pauseMs as number | undefined };
  const stop = new AbortController();
  const source = createSource({
    async read() {
      state.reads += 1;
      if (state.error !== undefined) throw state.error;
      return state.reads;
    },
    pauseMs: () => state.pause,
    signal: stop.signal,
  });
  return { source, state, stop };
}

test("reads only while it is watched, for all watchers once", async () => {
  const { source, state } = openSource();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(state.reads).toBe(0);
  const seen = [0, 0];
  const stops = seen.map((_, i) =>
    source.watch(() => {
      seen[i] = (seen[i] ?? 0) + 1;
    }),
  );
  await vi.advanceTimersByTimeAsync(2_500);
  expect({ reads: state.reads, seen }).toEqual({ reads: 3, seen: [3, 3] });
  for (const end of stops) end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state.reads).toBe(3);
});

test("after the machine's clock was set back, the next read is not later for it", async () => {
  const { source, state } = openSource();
  await source.fresh(100);
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(1_000);
  await source.fresh(100);
  expect(state.reads).toBe(2);
  expect(source.reading.readAt).toEqual(new Date());
});

test("a value that cannot change any more is not read again", async () => {
  const { source, state } = openSource();
  state.pause = undefined;
  source.watch(() => {});
  await vi.advanceTimersByTimeAsync(60_000);
  await source.fresh(100);
  expect(state.reads).toBe(1);
});

test("a fault stays beside the last value, and the next tries come later and later", async () => {
  const { source, state } = openSource();
  const stop = source.watch(() => {});
  await vi.advanceTimersByTimeAsync(10);
  state.error = new FotaError("THROTTLED", "too many requests");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(source.reading).toMatchObject({ value: 1, fault: { code: "THROTTLED" } });
  await vi.advanceTimersByTimeAsync(14_000); // after 2, 4 and 8 s
  expect(state.reads).toBe(5);
  state.error = undefined;
  await vi.advanceTimersByTimeAsync(16_000);
  expect(source.reading).toMatchObject({ value: 6 });
  expect(source.reading.fault).toBeUndefined();
  stop();
});

test("`fresh` reads when due, waits a limited time, and never rejects", async () => {
  let answer: (value: number) => void = () => {};
  const source = createSource<number>({
    read: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    pauseMs: () => 1_000,
    signal: new AbortController().signal,
  });
  const first = source.fresh(50);
  await vi.advanceTimersByTimeAsync(50);
  expect(await first).toEqual({});
  answer(7);
  expect((await source.fresh(50)).value).toBe(7);
  expect((await source.fresh(50)).value).toBe(7); // not due yet
});

test("an unknown error becomes a fault of this part alone", async () => {
  const source = createSource({
    read: () => Promise.reject(new TypeError("x is undefined")),
    pauseMs: () => 1_000,
    signal: new AbortController().signal,
  });
  expect((await source.fresh(50)).fault?.message).toContain("x is undefined");
});

test("after the signal nothing is read", async () => {
  const { source, state, stop } = openSource();
  source.watch(() => {});
  await vi.advanceTimersByTimeAsync(10);
  stop.abort();
  await vi.advanceTimersByTimeAsync(120_000);
  await source.fresh(10);
  expect(state.reads).toBe(1);
});
