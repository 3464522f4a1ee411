import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AddThingToThingGroupCommand, CreateThingGroupCommand, ListJobsCommand } from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { formatRehearsal } from "../src/rehearse/format.js";
import { type RehearsalResult, rehearsalSchema } from "../src/rehearse/result.js";
import { formatDuration } from "../src/rehearse/words.js";
import { fota } from "./cli.js";
import { startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const linkSpeed = { medianBytesPerSecond: 100_000 };
const GOOD = { groups: [{ name: "v1", weight: 1, linkSpeed }] };
const BAD = { groups: [{ name: "v1", weight: 1, linkSpeed, trialFailureShare: 0.5 }] };
const HANGING = { size: 100, groups: [{ name: "v1", weight: 1, linkSpeed, hangShare: 0.2 }] };
const PRICES = { prices: { currency: "EUR", perJobAction: 0.5, perGibTransferred: 1024 } };
const ABORT = ["--abort-on", "failed>10% after 20", "--rate", "10/min"];
const PLAIN = { paint: (_style: unknown, text: string) => text, columns: 80 };

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fota-rehearse-"));
  await writeFile(join(cwd, "app.bin"), Buffer.alloc(1024 * 1024));
  await writeFile(join(cwd, "small.bin"), "small");
  await writeFile(join(cwd, "good.json"), JSON.stringify(GOOD));
  await writeFile(join(cwd, "bad.json"), JSON.stringify(BAD));
  await writeFile(join(cwd, "hanging.json"), JSON.stringify(HANGING));
  await writeFile(join(cwd, "broken.json"), "{");
  await writeFile(
    join(cwd, "fota.config.json"),
    JSON.stringify({ ...PRICES, rollouts: { slow: { rate: "1/min" } } }),
  );
});
afterAll(async () => await rm(cwd, { recursive: true }));

// No AWS access.
beforeEach(() =>
  stubEnvironment({ AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "", AWS_REGION: "" }),
);

async function rehearse(...args: string[]): Promise<RehearsalResult> {
  return await rehearseAll("--no-suggest", ...args);
}

async function rehearseAll(...args: string[]): Promise<RehearsalResult> {
  const { code, stdout, stderr } = await runFota(["rehearse", "app.bin", ...args, "--json"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return v.parse(rehearsalSchema, JSON.parse(stdout));
}

test("without --fleet, every update succeeds; bytes and executions have the prices of the settings", async () => {
  const found = await rehearse("--things", "100", "--rollout", "slow");
  expect(found).toMatchObject({
    things: 100,
    thingsFrom: "--things",
    fleetFile: null,
    abort: null,
    abortedRuns: 0,
  });
  expect(found.job).toEqual({ jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
  expect(found.runs).toHaveLength(20);
  for (const { result, counts } of found.runs) expect([result, counts.succeeded]).toEqual(["completed", 100]);
  expect(found.endedAfterSeconds.p50).toBeGreaterThan(99 * 60);
  expect(found.cost).toEqual({
    jobActions: 100,
    transferBytes: 100 * 1024 * 1024,
    currency: "EUR",
    jobActionsPrice: 50,
    transferPrice: 100,
  });
  expect(found.timeline.at(-1)?.counts.succeeded).toBe(100);
  const text = formatRehearsal(found, PLAIN);
  expect(text).toMatch(/^✔ ends after 1h \d+m in half of the runs\n/);
  expect(text).toContain("100 job actions, 50.00 EUR");
  expect(text).toContain("100 devices (--things), no --fleet, so always online and no failures");
});

test("each row of the chart has its own time, also in a short run", async () => {
  const found = await rehearse("--things", "30", "--rate", "10/min");
  const times = [...formatRehearsal(found, PLAIN).matchAll(/^ +((?:\d+[smhd] ?)+?) {2}[█▒░]/gm)].map(
    ([, time]) => time,
  );
  expect(times.length).toBeGreaterThan(5);
  expect(new Set(times).size).toBe(times.length);
});

test("an abort rule fires on a bad fleet, and the verdict says after how many devices", async () => {
  const found = await rehearse("--things", "500", "--fleet", "bad.json", ...ABORT, "--runs", "5");
  expect(found.abortedRuns).toBe(5);
  expect(found.abort?.devicesThatRanImage.p50).toBeGreaterThanOrEqual(20);
  expect(found.abort?.devicesThatRanImage.p99).toBeLessThan(100);
  const text = formatRehearsal(found, PLAIN);
  const { p50 = 0 } = found.abort?.devicesThatRanImage ?? {};
  expect(text).toContain(`✗ the abort rule fires in 5 of 5 runs, after ${p50} devices ran the new image\n`);
  expect(text).toMatch(/^ {2}share of all 5 runs +50 % +90 % +99 %$/m);
  expect(text).toMatch(/^ {2}share of the 5 runs that abort +50 % +90 % +99 %\n {2}aborts by /m);
  expect(text).toMatch(new RegExp(`^ {2}devices that ran it by then +${p50} `, "m"));
  expect(text.replaceAll(/\s+/g, " ")).toContain("abort percentages count only ended executions");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  const [, shares = ""] = formatRehearsal(found, { ...PLAIN, columns: 60 }).split("\n\n");
  expect(shares).toContain("aborts by");
  for (const line of shares.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
});

test("the seed decides: the same one gives the same runs, and each run has the next one", async () => {
  const args = ["--things", "200", "--fleet", "bad.json", "--runs", "3"];
  const [one, again, other] = [
    await rehearse(...args, "--seed", "7"),
    await rehearse(...args, "--seed", "7"),
    await rehearse(...args, "--seed", "8"),
  ];
  expect(one.runs).toEqual(again.runs);
  expect(one.runs.map(({ seed }) => seed)).toEqual([7, 8, 9]);
  expect(other.runs.slice(0, 2)).toEqual(one.runs.slice(1));
});

test("devices that hang leave the job without an end, until --thing-timeout ends their executions", async () => {
  const endless = await rehearse("--fleet", "hanging.json");
  expect(endless).toMatchObject({ things: 100, thingsFrom: "--fleet", endedAfterSeconds: { p50: null } });
  const text = formatRehearsal(endless, PLAIN);
  expect(text).toMatch(/^! does not end within 30 days in 20 of 20 runs: some executions stay pending\n/);
  expect(text).toMatch(/ends by +never +never +never\n/);
  expect(text).toContain("without --thing-timeout");
  const limited = await rehearse("--fleet", "hanging.json", "--thing-timeout", "30m");
  expect(limited.endedAfterSeconds.p99).toBeGreaterThan(1800);
  expect(limited.runs.every(({ counts }) => counts.timedOut > 0)).toBe(true);
});

test("the 30 days of a run begin with the schedule, and --end cancels what is left", async () => {
  const later = await rehearse("--things", "5", "--start", "+60d", "--runs", "1");
  expect(later.runs[0]?.result).toBe("completed");
  expect(later.endedAfterSeconds.p50).toBeGreaterThan(60 * 86_400);
  const cut = await rehearse("--things", "90", "--rate", "1/min", "--end", "+1h", "--at-end", "cancel");
  expect(formatRehearsal(cut, PLAIN)).toMatch(/^! --end cancels it in 20 of 20 runs; ends after 1h/);
});

test("a device that starts after the URL has expired fails, and --presign iot avoids that", async () => {
  const slow = ["--things", "5", "--rate", "1/min", "--runs", "1"];
  const cli = await rehearse(...slow, "--expires", "150s");
  expect(cli).toMatchObject({ urlLifetimeSeconds: 150, runs: [{ expiredUrls: 2, counts: { failed: 2 } }] });
  expect(formatRehearsal(cli, PLAIN).replaceAll(/\s+/g, " ")).toContain(
    "the URL expires after 2m 30s, so devices that start later fail; --presign iot avoids that",
  );
  const iot = await rehearse(...slow, "--presign", "iot");
  expect(iot).toMatchObject({
    urlLifetimeSeconds: null,
    runs: [{ expiredUrls: 0, counts: { succeeded: 5 } }],
  });
});

test("the suggested options stop a bad image, and are quiet with a good one", async () => {
  const { suggestion, noSuggestion } = await rehearseAll(
    "--things",
    "200",
    "--max-bad",
    "20%",
    "--runs",
    "1",
  );
  expect(noSuggestion).toBeNull();
  expect(suggestion).toMatchObject({
    maxBadDevices: 40,
    isWithinMaxBad: true,
    falseAlarms: { runs: 100, aborted: 0 },
  });
  const flags = (suggestion?.flags ?? []).flatMap((flag) => {
    const [name = "", ...value] = flag.split(" ");
    return [name, value.join(" ").replaceAll('"', "")];
  });
  const bad = await rehearse("--things", "200", "--fleet", "bad.json", ...flags);
  expect(bad.abortedRuns).toBe(20);
  expect(bad.devicesThatRanImage.p90).toBeLessThanOrEqual(40);
  expect((await rehearse("--things", "200", ...flags)).abortedRuns).toBe(0);
});

test("the text has the options to paste, and what they prevent", async () => {
  const found = await rehearseAll("--things", "100", "--runs", "1");
  const text = formatRehearsal(found, PLAIN).replaceAll(/\s+/g, " ");
  expect(text).toMatch(
    /suggestion (--ramp ".*"|--rate \d+\/min) --abort-on "any>\d+% after \d+" --thing-timeout \d+m/,
  );
  expect(text).toMatch(/good image ends by \S+.* in 9 of 10 runs; aborts in 0 of 100 runs/);
  expect(text).toMatch(
    /fails on 30 % aborts in 20 of 20 runs; in 9 of 10, at most \d+ devices ran it, \d+(\.\d)? % of the fleet \(--max-bad is 1 device: too few for a rule\)/,
  );
  expect(text).toMatch(/hangs on 30 % aborts in/);
});

test("--html writes a page that replaces an earlier one, and no other file", async () => {
  const rollout = ["--rate", "5/min", "--abort-on", "failed>10% after 5"];
  const args = ["--things", "20", "--fleet", "bad.json", "--runs", "2", "--html", "page.html", ...rollout];
  for (const _ of [1, 2]) expect(await rehearse(...args)).toMatchObject({ htmlPath: "page.html" });
  const html = await readFile(join(cwd, "page.html"), "utf8");
  expect(html).toMatch(/^<!doctype html>.*Rehearsal of app\.bin/);
  expect(html).not.toContain("<script>");
  expect(html).toMatch(/<code>--rate 5\/min --abort-on (?:"|&quot;)failed(?:>|&gt;)10% after 5/);
  const { code, stderr } = await runFota(["rehearse", "app.bin", "--things", "1", "--html", "bad.json"], {
    cwd,
  });
  expect([code, stderr.replaceAll(/\s+/g, " ")]).toEqual([
    1,
    expect.stringContaining(
      "bad.json exists and is no report; it was not replaced (FILE_ACCESS) hint: give another name to --html",
    ),
  ]);
});

test("the reason is given where there is no suggestion", async () => {
  const { suggestion, noSuggestion } = await rehearseAll(
    "--things",
    "60",
    "--fleet",
    "bad.json",
    "--runs",
    "1",
  );
  expect(suggestion).toBeNull();
  expect(noSuggestion).toContain("no abort rule can tell");
  const small = await rehearseAll("--things", "12", "--fleet", "good.json", "--runs", "1");
  expect(small.suggestion).toBeNull();
  expect(small.noSuggestion).toContain("a fleet of 12 is too small");
  expect(formatRehearsal(await rehearse("--things", "1"), PLAIN)).not.toContain("suggestion");
});

test("the other options of publish are accepted, and the largest image counts", async () => {
  const publish = [
    "--slot",
    "1",
    "--bucket",
    "b-1",
    "--to",
    "pump-1",
    "--presign",
    "iot",
    "--wait",
    "--tag",
    "a=b",
  ];
  const { code, stdout } = await runFota(
    ["rehearse", "0=small.bin", "1=app.bin", ...publish, "--things", "1", "--no-suggest", "--json"],
    { cwd },
  );
  expect([code, JSON.parse(stdout).imageBytes]).toEqual([0, 1024 * 1024]);
});

test.each<[string[], RegExp]>([
  [[], /number of devices is not known.*\(USAGE\)/],
  [["--things", "0"], /--things must be a whole number from 1 to 2000000, got "0" \(USAGE\)/],
  [["--things", "1", "--max-bad", "2"], /--max-bad must be a percentage above 0, got "2" \(USAGE\)/],
  [["--things", "1", "--runs", "x"], /--runs must be .* \(USAGE\)/],
  [["--things", "1", "--seed", "-1"], /--seed must be .* \(USAGE\)/],
  [["--things", "1", "--rate", "fast"], /\(ROLLOUT_INVALID\)/],
  [["--things", "1", "--fleet", "none.json"], /there is no file "none.json" \(CONFIG_INVALID\)/],
  [["--things", "1", "--fleet", "broken.json"], /broken.json is not valid JSON: .*\(CONFIG_INVALID\)/],
  [["--things", "1", "--fleet", "fota.config.json"], /groups is missing.*\(CONFIG_INVALID\)/],
])("%j is an error", async (args, message) => {
  const { code, stdout, stderr } = await runFota(["rehearse", "app.bin", ...args], { cwd });
  expect({ failed: code > 0, stdout }).toEqual({ failed: true, stdout: "" });
  expect(stderr.replaceAll(/\s+/g, " ")).toMatch(message);
});

test("without --things, the things of the targets are counted, each once, and nothing is created", async () => {
  const fleet = await startFleet();
  try {
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "empty" }));
    for (const thingName of ["pump-0", "pump-1"]) {
      await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName }));
    }
    await writeFile(join(fleet.folder, "app.bin"), "an image");
    const targets = ["--to", "group:beta", "--to", "pump-1", "--to", "pump-2"];
    const { stdout } = await fleet.fota(["rehearse", "app.bin", ...targets, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ things: 3, thingsFrom: "--to" });
    const none = await fleet.fota(["rehearse", "app.bin", "--to", "pump-99"]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("(THING_NOT_FOUND)") });
    const empty = await fleet.fota(["rehearse", "app.bin", "--to", "group:empty"]);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining("(GROUP_EMPTY)") });
    expect((await fleet.iot.send(new ListJobsCommand({}))).jobs).toEqual([]);
  } finally {
    await fleet.stop();
  }
});

test("an interruption ends it between two of its runs", async () => {
  const args = ["rehearse", "app.bin", "--things", "2000", "--runs", "1000"]; // more than a minute
  const { code, stdout } = await runFota(args, { cwd, signal: AbortSignal.timeout(300) });
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
});

test("the built command rehearses", async () => {
  const args = ["rehearse", join(cwd, "app.bin"), "--things", "50", "--fleet", join(cwd, "bad.json")];
  const { code, stdout, stderr } = await fota([...args, "--runs", "1", "--no-suggest"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^✔ ends after \d+m( \d+s)?\n/);
  expect(stdout).toMatch(/ {2}seed 1: \d+ succeeded, \d+ failed of 50\n/);
});

test.each([
  [0, "0s"],
  [59.4, "59s"],
  [59.6, "1m"],
  [3599, "1h"],
  [7800, "2h 10m"],
  [172_800, "2d"],
  [273_600, "3d 4h"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
