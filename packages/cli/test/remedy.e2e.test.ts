import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.stop());

/** Publishes to a thing, which then fails its self test; returns the job. */
async function failedJob(thing: string, options: { slot?: number | "any"; images?: string[] } = {}) {
  const { jobId } = await fleet.publish({ to: [thing], ...options });
  await fleet.report(thing, jobId, "FAILED", { reason: "self-test-failed" });
  return jobId;
}

/** Runs a command as it was printed, with new images and the values in place of its placeholders. */
async function paste(line: string, values: Readonly<Record<string, string>> = {}) {
  let images = 0;
  const filled = line
    .replace(/<image>/g, () => `fixed-${images++}.bin`)
    .replace(/<[^>]+>/g, (name) => values[name] ?? name);
  for (let i = 0; i < images; i += 1)
    await writeFile(join(fleet.folder, `fixed-${i}.bin`), randomBytes(2_000));
  const [program, ...words] = filled.split(" ");
  expect(program).toBe("fota");
  // The fleet adds the global options itself.
  return await fleet.fota(words.slice(0, words.indexOf("--endpoint-url")));
}

/** Returns the first `fota publish` in a text. */
function publishIn(text: string): string {
  return /fota publish .*/.exec(text)?.[0] ?? "";
}

test.each([
  ["one slot", "pump-0", { slot: 0 }, "fota publish <image> --bucket fw-releases --slot 0 --to pump-0"],
  ["any slot", "pump-1", { slot: "any" }, "fota publish <image> --bucket fw-releases --slot any --to pump-1"],
] as const)("why advises a publish that runs as printed, for %s", async (_what, thing, options, command) => {
  const jobId = await failedJob(thing, options);
  const line = publishIn((await fleet.fota(["why", jobId])).stdout);
  expect(line).toMatch(new RegExp(`^${command} --endpoint-url `));
  expect(await paste(line)).toMatchObject({ code: 0, stdout: expect.stringContaining("fota-fixed-0") });
});

test("status advises a publish with placeholders for what it does not know, and none with settings", async () => {
  const jobId = await failedJob("pump-2");
  const line = publishIn((await fleet.fota(["status", jobId])).stdout);
  expect(line).toMatch(/^fota publish <image> --bucket <bucket> --slot <0\|1\|any> --to pump-2 /);
  const values = { "<bucket>": BUCKET, "<0|1|any>": "1" };
  expect(await paste(line, values)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("fota-fixed-0"),
  });

  const settings = join(fleet.folder, "fota.config.json");
  await writeFile(settings, JSON.stringify({ bucket: BUCKET, slots: [0, 1] }));
  const short = publishIn((await fleet.fota(["status", jobId, "--thing", "pump-2"])).stdout);
  expect(short).toMatch(/^fota publish <image> --to pump-2 /);
  expect((await paste(short)).code).toBe(0);
  await rm(settings);
});

test("retry advises a publish that runs as printed", async () => {
  const jobId = await failedJob("pump-3");
  const { stderr } = await fleet.fota(["retry", jobId], ["no"]);
  const line = publishIn(stderr).replace(/`.*/, "");
  expect(line).toMatch(/^fota publish <image> --bucket fw-releases --slot 1 --to pump-3 /);
  expect((await paste(line)).code).toBe(0);
});
