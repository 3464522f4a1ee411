import { expect, test } from "vitest";
import type { Job, Jobs } from "../../jobs.js";
import { DownloadWatch } from "./download-watch.js";

const document = { fota: { operation: "fota" }, logs: { operation: "collect-logs" }, gone: undefined };

/** Pending jobs by their ids, and how often they were listed. */
function fakeJobs(ids: readonly (keyof typeof document)[]) {
  const state = { ids, lists: 0, fails: false, notify: () => {} };
  const jobOf = (jobId: keyof typeof document) => ({
    jobId,
    document: document[jobId],
    describe: async () => jobId !== "gone",
  });
  const jobs = {
    onChange(listener: () => void) {
      state.notify = listener;
    },
    async list() {
      state.lists += 1;
      if (state.fails) throw new Error("no answer");
      return [[], state.ids.map(jobOf)];
    },
  };
  return { state, jobs: jobs as unknown as Jobs };
}

function watch(ids: readonly (keyof typeof document)[]) {
  const { state, jobs } = fakeJobs(ids);
  const [taken, logged]: string[][] = [[], []];
  const downloads = new DownloadWatch(
    jobs,
    ({ jobId }: Job) => void taken?.push(jobId),
    (level, line) => void logged?.push(`${level} ${line}`),
  );
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { state, downloads, taken, logged, settled };
}

test("at the start of a download and on a change during it, other jobs are handed over", async () => {
  const { state, downloads, taken, settled } = watch(["fota", "gone", "logs"]);
  for (const phase of ["starting", "downloading", "downloading"]) downloads.note(phase);
  await settled();
  expect([taken, state.lists]).toEqual([["logs"], 1]);
  state.notify();
  await settled();
  expect([taken, state.lists]).toEqual([["logs", "logs"], 2]); // the handlers know what they have
});

test("outside a download, it does nothing: the agent looks for jobs itself", async () => {
  const { state, downloads, settled } = watch(["logs"]);
  state.notify();
  for (const phase of ["starting", "verifying", undefined]) downloads.note(phase);
  state.notify();
  await settled();
  expect(state.lists).toBe(0);
});

test("changes during a look make one more; an error is logged and the next change looks again", async () => {
  const { state, downloads, taken, logged, settled } = watch(["logs"]);
  downloads.note("downloading");
  for (let i = 0; i < 3; i += 1) state.notify();
  await settled();
  expect(state.lists).toBe(2);
  state.fails = true;
  state.notify();
  await settled();
  expect(logged).toEqual(["warn other jobs wait until the download ends: no answer"]);
  state.fails = false;
  state.notify();
  await settled();
  expect(taken).toEqual(["logs", "logs", "logs"]);
});
