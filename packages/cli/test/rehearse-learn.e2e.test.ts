/** `fota rehearse --learn`: what devices did with jobs on the stand-in becomes the fleet of a rehearsal. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateJobCommand } from "@aws-sdk/client-iot";
import { manualClock } from "@fota/local";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { fleetFaults } from "../src/rehearse/fleet-schema.js";
import { rehearsalSchema } from "../src/rehearse/result.js";
import { type Fleet, startFleet } from "./fleet.js";
import { stubEnvironment } from "./stub-environment.js";

const SECOND_MS = 1000;
const THINGS = Array.from({ length: 10 }, (_, i) => `pump-${i}`);

let fleet: Fleet;
let jobId: string;
beforeAll(async () => {
  stubEnvironment();
  fleet = await startFleet({ clock: manualClock(Date.now()) });
  const { jobId: id } = await fleet.publish({
    to: THINGS,
    fwVersion: "1.1.0",
    retry: "failed:1",
    thingTimeout: "1h",
  });
  jobId = id;
  const wait = (seconds: number) => fleet.local.clock.advance(seconds * SECOND_MS);
  wait(2);
  for (const thing of THINGS) await fleet.report(thing, jobId, "IN_PROGRESS");
  // The times of a log-normal download: the median is 40 s after 20 s of trial.
  const ends: [seconds: number, thing: string][] = [
    [30, "pump-0"],
    [40, "pump-1"],
    [50, "pump-2"],
    [60, "pump-3"],
    [80, "pump-4"],
    [120, "pump-5"],
    [180, "pump-6"],
  ];
  let now = 0;
  for (const [seconds, thing] of ends) {
    wait(seconds - now);
    now = seconds;
    await fleet.report(thing, jobId, "SUCCEEDED", { phase: "done" });
  }
  const trial = { phase: "trial", reason: "self-test-failed" };
  await fleet.report("pump-7", jobId, "FAILED", trial);
  await fleet.report("pump-7", jobId, "IN_PROGRESS");
  wait(10);
  await fleet.report("pump-7", jobId, "FAILED", trial);
  await fleet.report("pump-8", jobId, "FAILED", { phase: "downloading", reason: "download-failed" });
  await fleet.report("pump-8", jobId, "IN_PROGRESS");
  wait(60);
  await fleet.report("pump-8", jobId, "SUCCEEDED", { phase: "done" });
  wait(3600); // pump-9 hangs until its time limit.
});
beforeEach(() => stubEnvironment());
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => await fleet.stop());

test("a fleet is learned from a job, rehearsed and saved", async () => {
  const args = [
    "rehearse",
    "app.bin",
    "--learn",
    "last",
    "--save",
    "fleet.json",
    "--runs",
    "5",
    "--no-suggest",
  ];
  const { code, stdout, stderr } = await fleet.fota([...args, "--json"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("only 10 devices, so small shares are chance")]);
  const found = v.parse(rehearsalSchema, JSON.parse(stdout));
  expect(found).toMatchObject({ things: 10, thingsFrom: "--learn", fleetFile: null });
  expect(found.learned).toMatchObject({
    jobIds: [jobId],
    devices: 10,
    executions: 12,
    savedAs: "fleet.json",
  });
  const [group] = found.groups;
  expect(group).toMatchObject({
    name: "all",
    weight: 10,
    reactionSeconds: 2,
    trialFailureShare: 0.1,
    hangShare: 0.1,
    downloadFailureShare: 0.0909, // one of the eleven that devices began
  });
  expect(Object.keys(group ?? {})).not.toContain("onlineByHour");
  const saved = JSON.parse(await readFile(join(fleet.folder, "fleet.json"), "utf8"));
  expect(fleetFaults(saved)).toEqual([]);
  expect(saved).toEqual({ size: 10, groups: found.groups });
  const again = await fleet.fota([...args, "--json"]);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("fleet.json exists"),
  });
  const fromFile = ["rehearse", "app.bin", "--fleet", "fleet.json", "--runs", "5", "--no-suggest", "--json"];
  expect(JSON.parse((await fleet.fota(fromFile)).stdout).runs).toEqual(found.runs);
});

test("the text says what was learned, and from how much", async () => {
  const { stdout } = await fleet.fota([
    "rehearse",
    "app.bin",
    "--learn",
    jobId,
    "--runs",
    "1",
    "--no-suggest",
  ]);
  const text = stdout.replaceAll(/\s+/g, " ");
  expect(text).toContain(`learned from 12 executions of 10 devices in ${jobId}`);
  expect(text).toMatch(
    /all \(10 devices\): .*\/s, one in ten below .*\/s, trial \d+s, always online, 9\.1 % of the downloads fail, 10 % fail their trial, 10 % hang/,
  );
});

test("devices that an earlier one of the jobs updated are a group of their own", async () => {
  const { jobId: second } = await fleet.publish({
    to: ["pump-0", "pump-9"],
    fwVersion: "1.2.0",
    model: "m1",
  });
  for (const thing of ["pump-0", "pump-9"]) {
    await fleet.report(thing, second, "IN_PROGRESS");
    fleet.local.clock.advance(60 * SECOND_MS);
    await fleet.report(thing, second, "SUCCEEDED");
  }
  const args = [
    "rehearse",
    "app.bin",
    "--learn",
    jobId,
    "--learn",
    second,
    "--runs",
    "1",
    "--no-suggest",
    "--json",
  ];
  const { groups, learned } = JSON.parse((await fleet.fota(args)).stdout);
  expect(groups.map(({ name, weight }: { name: string; weight: number }) => [name, weight])).toEqual([
    ["all", 10],
    ["m1", 1],
    ["m1 runs 1.1.0", 1],
  ]);
  expect(learned.devices).toBe(10);
  // pump-9 answered again, so it did not hang.
  expect(groups[0]).not.toHaveProperty("hangShare");
});

test.each<[string[], RegExp]>([
  [["--learn", "none-such"], /none-such.*\(JOB_NOT_FOUND\)/],
  [["--learn", "last", "--fleet", "fleet.json"], /--fleet and --learn both describe the devices \(USAGE\)/],
  [["--save", "fleet.json"], /--learn is not given \(USAGE\)/],
  [
    ["--learn", "other"],
    /job other is not a firmware update, so there is nothing to learn from it \(USAGE\)/,
  ],
  [["--learn", "unused"], /no update succeeded in unused, so there is nothing to learn \(USAGE\)/],
])("%j is an error", async (args, message) => {
  const targets = [`arn:aws:iot:${fleet.local.region}:000000000000:thing/pump-1`];
  if (args[1] === "other") {
    await fleet.iot.send(
      new CreateJobCommand({ jobId: "other", targets, document: '{"operation":"reboot"}' }),
    );
  }
  if (args[1] === "unused") await fleet.publish({ to: ["pump-2"], jobId: "unused" });
  const { code, stdout, stderr } = await fleet.fota(["rehearse", "app.bin", "--things", "5", ...args]);
  expect({ failed: code > 0, stdout }).toEqual({ failed: true, stdout: "" });
  expect(stderr).toMatch(message);
});
