import { readFile } from "node:fs/promises";
import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  GetIndexingConfigurationCommand,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { updateShadow } from "../../local/test/support/shadow-http.js";
import { fleetListSchema, fleetSchema, fleetThingSchema, indexChangeSchema } from "../src/fleet/result.js";
import { type Fleet, startFleet } from "./fleet.js";
import { stubEnvironment } from "./stub-environment.js";

let fleet: Fleet;

beforeEach(async () => {
  stubEnvironment();
  fleet = await startFleet();
});
afterEach(async () => await fleet.stop());

/** What a device with an inventory reports. */
async function reports(thing: string, reported: object): Promise<void> {
  await updateShadow(fleet.local, { thingName: thing, shadowName: "fota" }, { reported });
}

async function reportAll(): Promise<void> {
  await reports("pump-0", { version: "2.0.0", model: "m1", slot: 1, agent: "0.1.0" });
  for (const thing of ["pump-1", "pump-2"]) await reports(thing, { version: "1.10.0", model: "m1" });
  for (const thing of ["pump-3", "pump-4", "pump-5"]) await reports(thing, { version: "1.9.0", model: "m2" });
}

async function json<Schema extends v.GenericSchema>(schema: Schema, ...args: string[]) {
  const { code, stdout, stderr } = await fleet.fota(["fleet", ...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(schema, JSON.parse(stdout));
}

const namesIn = ({ things }: { things: { thingName: string }[] }) => things.map(({ thingName }) => thingName);

test("what devices report is counted by version and model", async () => {
  await reportAll();
  expect(await json(fleetSchema)).toMatchObject({
    source: "shadow",
    things: 10,
    versions: [
      { version: "2.0.0", things: 1, models: [{ model: "m1", things: 1 }] },
      { version: "1.10.0", things: 2, models: [{ model: "m1", things: 2 }] },
      { version: "1.9.0", things: 3, models: [{ model: "m2", things: 3 }] },
      { version: null, things: 4 },
    ],
    behind: 0,
    connected: 0,
  });
  const { stdout } = await fleet.fota(["fleet"]);
  expect(stdout).toContain("10 things, 0 connected; versions from the shadow fota");
  expect(stdout).toMatch(/VERSION +THINGS +SHARE +MODELS\n2\.0\.0 +1 +10 % +m1: 1\n/);
});

test("--version compares numbers, not characters, and an unknown version is in no range", async () => {
  await reportAll();
  expect(namesIn(await json(fleetListSchema, "--version", "<1.10"))).toEqual(["pump-3", "pump-4", "pump-5"]);
  expect(namesIn(await json(fleetListSchema, "--version=>=1.10 <2"))).toEqual(["pump-1", "pump-2"]);
  expect(namesIn(await json(fleetListSchema, "--version", "1.x", "--model", "m1"))).toEqual([
    "pump-1",
    "pump-2",
  ]);
  const { stdout, stderr } = await fleet.fota(["fleet", "--version", ">9"]);
  expect(stdout).toMatch(/^no thing matches/);
  expect(stderr).toContain("things of an unknown version are in no range");
  expect(await fleet.fota(["fleet", "--version", "new"])).toMatchObject({ code: 0 });
  expect(await fleet.fota(["fleet", "--version", "<new"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is not a range of versions"),
  });
});

test("--by group without a thing in a group says so", async () => {
  const { stdout } = await fleet.fota(["fleet", "--by", "group"]);
  expect(stdout).toContain("no thing is in a group");
  expect(stdout).not.toContain("GROUP");
});

test("a group has the things below it, and --by group counts the versions in each", async () => {
  await reportAll();
  const group = async (thingGroupName: string, parentGroupName?: string, ...things: string[]) => {
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName, parentGroupName }));
    for (const thingName of things) {
      await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName, thingName }));
    }
  };
  await group("beta", undefined, "pump-0");
  await group("beta-south", "beta", "pump-1", "pump-3");
  expect(namesIn(await json(fleetListSchema, "--group", "beta", "--things"))).toEqual([
    "pump-0",
    "pump-1",
    "pump-3",
  ]);
  expect(await json(fleetSchema, "--group", "beta")).toMatchObject({ things: 3 });
  const { groups } = await json(fleetSchema, "--by", "group");
  expect(groups).toEqual([
    {
      group: "beta-south",
      things: 2,
      versions: [
        { version: "1.10.0", things: 1 },
        { version: "1.9.0", things: 1 },
      ],
    },
    { group: "beta", things: 1, versions: [{ version: "2.0.0", things: 1 }] },
  ]);
  expect(await fleet.fota(["fleet", "--group", "gamma"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("GROUP_NOT_FOUND"),
  });
});

test("stragglers are below the most common version of their model, or their last job failed", async () => {
  await reportAll();
  await reports("pump-6", { version: "1.0.0", model: "m2" });
  const { jobId } = await fleet.publish({ to: ["pump-0"], fwVersion: "2.1.0" });
  await fleet.report("pump-0", jobId, "FAILED");
  const { things } = await json(fleetListSchema, "--stragglers");
  expect(things).toMatchObject([
    { thingName: "pump-0", lags: ["failed"], lastJob: { jobId, status: "FAILED" } },
    { thingName: "pump-6", lags: ["behind"] },
  ]);
});

test("without a report, versions come from jobs, and the hint says what to do", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-0", "pump-1"], fwVersion: "2.1.0", model: "m1" });
  await fleet.report("pump-0", jobId, "SUCCEEDED");
  expect(await json(fleetSchema)).toMatchObject({
    source: "jobs",
    because: "no-reports",
    jobsRead: 1,
    versions: [
      { version: "2.1.0", things: 1 },
      { version: null, things: 9 },
    ],
  });
  const { stdout, stderr } = await fleet.fota(["fleet"]);
  expect(stdout).toContain("versions from jobs that succeeded");
  expect(stderr).toContain("set `inventory: true` in the firmware");
  expect(await json(fleetThingSchema, "pump-0")).toMatchObject({
    version: "2.1.0",
    lastJob: { jobId, status: "SUCCEEDED" },
  });
});

test("one thing has all that is known of it; a name that is not there gets near names", async () => {
  await reportAll();
  expect(await json(fleetThingSchema, "pump-0")).toMatchObject({
    version: "2.0.0",
    slot: 1,
    model: "m1",
    groups: [],
  });
  const { stdout } = await fleet.fota(["fleet", "pump-0"]);
  expect(stdout).toMatch(/^pump-0\n {2}version +2\.0\.0\n {2}model +m1\n {2}slot +1\n/);
  expect((await fleet.fota(["fleet", "pump-00"])).stderr).toContain('did you mean "pump-0"');
});

test("a thing that reports nothing, in a fleet that does, leads to what its jobs tell", async () => {
  await reports("pump-1", { version: "2.0.0", model: "m1" });
  expect((await fleet.fota(["fleet", "pump-0"])).stderr).not.toContain("--source jobs");
  const { jobId } = await fleet.publish({ to: ["pump-0"], fwVersion: "2.1.0" });
  await fleet.report("pump-0", jobId, "SUCCEEDED");
  const { stdout, stderr } = await fleet.fota(["fleet", "pump-0"]);
  expect(stdout).toMatch(/version +unknown/);
  expect(stderr.replaceAll(/\s+/g, " ")).toContain("fleet pump-0 --source jobs");
  expect(await json(fleetThingSchema, "pump-0", "--source", "jobs")).toMatchObject({ version: "2.1.0" });
  expect((await fleet.fota(["fleet", "pump-1"])).stderr).not.toContain("--source jobs");
});

test("a package that tells no version leads to its check", async () => {
  const { stderr } = await fleet.fota(["fleet", "--source", "package", "--package", "nope"]);
  expect(stderr).toContain("doctor --package nope");
});

test("CSV has fixed columns, and text of a device is no formula of a spreadsheet", async () => {
  await reports("pump-0", { version: "=HYPERLINK(1)", model: 'a,"b' });
  const { stdout } = await fleet.fota(["fleet", "--csv", "--version", "=HYPERLINK(1)"]);
  expect(stdout).toBe("thing,version,model,slot,groups,connected,seen,job,status,changed,lags\n");
  const all = (await fleet.fota(["fleet", "--csv"])).stdout.split("\n");
  expect(all[1]).toMatch(/^pump-0,'=HYPERLINK\(1\),"a,""b",,,no,\d{4}-/);
  expect(all).toHaveLength(12);
});

test("--not-seen lists what gave no sign of life for so long", async () => {
  await reportAll();
  expect(namesIn(await json(fleetListSchema, "--not-seen", "7d"))).toEqual([
    "pump-6",
    "pump-7",
    "pump-8",
    "pump-9",
  ]);
  expect(await fleet.fota(["fleet", "--not-seen", "soon"])).toMatchObject({ code: 2 });
});

test("--index turns on what is missing, keeps the rest, and asks first", async () => {
  const thingIndexingConfiguration = { thingIndexingMode: "OFF" } as const;
  await fleet.iot.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }));
  expect(await json(fleetSchema)).toMatchObject({ source: "jobs", because: "index-off" });
  expect((await fleet.fota(["fleet"])).stderr).toContain("fleet --index");
  expect(await json(indexChangeSchema, "--index", "--dry-run")).toMatchObject({ done: false });
  expect(await fleet.fota(["fleet", "--index"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("DECLINED"),
  });
  expect(await fleet.fota(["fleet", "--index"], ["n"])).toMatchObject({ code: 1 });
  const { changes } = await json(indexChangeSchema, "--index", "--yes");
  expect(changes.length).toBeGreaterThan(3);
  const found = await fleet.iot.send(new GetIndexingConfigurationCommand({}));
  expect(found.thingIndexingConfiguration).toMatchObject({
    thingIndexingMode: "REGISTRY",
    filter: { namedShadowNames: ["fota"] },
  });
  expect(await json(indexChangeSchema, "--index", "--yes")).toEqual({ changes: [], done: true });
  await reportAll();
  expect(await json(fleetSchema)).toMatchObject({ source: "shadow", things: 10 });
});

test.each([
  [["--csv", "--json"], "--csv and --json"],
  [["pump-1", "--stragglers"], "is one thing"],
  [["--index", "--group", "beta"], "--index takes no thing"],
  [["--yes"], "belong to --index"],
  [["--source", "package"], "--package <name>"],
  [["--by", "group", "--things"], "--by counts"],
  [["no such thing!"], "not a valid thing name"],
  [["--columns", "wheels"], "there is no column"],
  [["--model", ""], "--model must be a name"],
  [["--group", ""], "--group must be a name"],
  [["--group", "a/../b"], "not a valid group name"],
])("fota fleet %j is refused", async (args, message) => {
  const { code, stderr } = await fleet.fota(["fleet", ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("the policy of a publisher in docs/operations.md allows all that `fota fleet` calls, but not the change of the index", async () => {
  const page = await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8");
  const [, text = ""] = /\n### Permissions of a publisher\n.*?```json\n(.*?)```/s.exec(page) ?? [];
  const { Statement } = JSON.parse(text) as { Statement: { Action: string | string[] }[] };
  const allowed = new Set(Statement.flatMap(({ Action }) => Action));
  const called = new Set<string>();
  const run = async (...args: string[]) => {
    const { stderr } = await fleet.fota(["fleet", ...args, "--debug"]);
    for (const [, operation] of stderr.matchAll(/debug: IoT (\w+) at/g)) called.add(`iot:${operation}`);
  };
  const { jobId } = await fleet.publish({ to: ["pump-0"], fwVersion: "2.1.0" });
  await fleet.report("pump-0", jobId, "SUCCEEDED");
  const ways = [["--by", "group"], ["--things"], ["pump-0"], ["pump-00"]];
  for (const way of ways) await run(...way); // from jobs
  await reportAll();
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  for (const way of [...ways, ["--group", "beta"], ["--group", "bta"]]) await run(...way);
  expect([...called].filter((action) => !allowed.has(action))).toEqual([]);
  expect([...called]).toContain("iot:GetBucketsAggregation");
  await run("--index", "--yes");
  expect(allowed).not.toContain("iot:UpdateIndexingConfiguration");
});
