import { afterAll, beforeAll, expect, test } from "vitest";
import { cancel, explain, promote, publish, retry, status, waitForJob } from "../src/index.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
const warnings: string[] = [];
const access = () => ({
  local: true,
  endpointUrl: fleet.local.endpoint,
  cwd: fleet.folder,
  onWarning: (text: string) => warnings.push(text),
});

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(async () => await fleet.stop());

test("a program follows, explains, retries and promotes a job as the command line does", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-0", "pump-1"], fwVersion: "2.0.0" });
  expect(await status(jobId, access())).toMatchObject({ jobId, total: 2, counts: { queued: 2 } });

  const waiting = waitForJob(jobId, { ...access(), timeoutMs: 60_000 });
  await fleet.report("pump-0", jobId, "SUCCEEDED");
  await fleet.report("pump-1", jobId, "FAILED", { reason: "download-failed" });
  expect(await waiting).toMatchObject({ status: "COMPLETED", counts: { succeeded: 1, failed: 1 } });

  expect(await status(jobId, { ...access(), thing: "pump-1" })).toMatchObject({
    executions: [{ thing: "pump-1", reason: "download-failed" }],
  });
  expect(await explain(jobId, { ...access(), thing: "pump-1" })).toMatchObject({ jobId, thing: "pump-1" });

  const again = await retry(jobId, access());
  expect(again).toMatchObject({ targets: [expect.stringMatching(/:thing\/pump-1$/)] });
  const next = await promote(jobId, { ...access(), to: ["pump-2"], force: true });
  expect(next.document.bc_version).toBe("2.0.0");
  expect(warnings).toEqual([expect.stringContaining("has not proven its image")]);
});

test("a program cancels a job by its whole id alone, and gets errors of fota", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-3"] });
  await expect(cancel(jobId.slice(0, -2), access())).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
  expect(await cancel(jobId, access())).toMatchObject({ jobId });
  await expect(cancel(jobId, access())).resolves.toBeDefined();
  await expect(status("nothing-like-it", access())).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
});

test("waiting ends with its limit, and with the signal", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-4"] });
  await expect(waitForJob(jobId, { ...access(), timeoutMs: 50 })).rejects.toMatchObject({
    code: "WAIT_TIMED_OUT",
  });
  const signal = AbortSignal.timeout(200);
  await expect(waitForJob(jobId, { ...access(), signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
});

test("a wrong argument is named before anything is asked", async () => {
  const wrong = (value: unknown) => value as never;
  const image = { images: ["app.bin"], to: ["pump-0"], slot: "any", bucket: "fw-releases", ...access() };
  const calls: [() => Promise<unknown>, string][] = [
    [() => publish(wrong(undefined)), "options must be an object, got undefined"],
    [
      () => publish({ ...image, images: wrong("app.bin") }),
      "images must be an array of texts, got 'app.bin'",
    ],
    [() => publish({ ...image, to: wrong([7]) }), "to must be an array of texts, got [ 7 ]"],
    [() => publish({ ...image, signal: wrong(5) }), "signal must be an AbortSignal, got 5"],
    [() => promote("fota-1", wrong({ ...access(), to: "pump-0" })), "to must be an array of texts"],
    ...[status, waitForJob, cancel, retry, promote, explain].flatMap(
      (call): [() => Promise<unknown>, string][] => [
        [
          () => call(wrong(undefined), wrong(access())),
          "job must be a text that is not empty, got undefined",
        ],
        [() => call("fota-1", wrong(null)), "options must be an object, got null"],
      ],
    ),
  ];
  for (const [call, message] of calls) {
    await expect(call()).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(message) });
  }
});
