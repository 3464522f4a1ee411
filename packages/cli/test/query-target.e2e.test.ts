import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DescribeThingGroupCommand,
  ListJobExecutionsForThingCommand,
  ListThingGroupsCommand,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { updateShadow } from "../../local/test/support/shadow-http.js";
import { deletionSchema } from "../src/delete/result.js";
import { jobListSchema } from "../src/list/result.js";
import { shownJobSchema } from "../src/show/result.js";
import { jobSummarySchema, overviewSchema } from "../src/status/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { stubEnvironment } from "./stub-environment.js";

const BELOW_2 = "query:shadow.name.fota.reported.version:(0.* OR 1.*)";

const CONTINUOUS = ["--continuous", "--presign", "iot", "--role", "arn:aws:iam::000000000000:role/presigner"];

let fleet: Fleet;

beforeEach(async () => {
  stubEnvironment();
  fleet = await startFleet();
  await writeFile(join(fleet.folder, "app.bin"), "an image");
  await reports("pump-0", "1.0.0");
  await reports("pump-1", "1.9.0");
  await reports("pump-2", "2.0.0");
});
afterEach(async () => await fleet.stop());

async function reports(thingName: string, version: string): Promise<void> {
  await updateShadow(fleet.local, { thingName, shadowName: "fota" }, { reported: { version } });
}

async function publish(...args: string[]) {
  return await fleet.fota(["publish", "app.bin", "--slot", "1", "--bucket", BUCKET, "--yes", ...args]);
}

async function jobsOf(thingName: string): Promise<(string | undefined)[]> {
  const { executionSummaries = [] } = await fleet.iot.send(
    new ListJobExecutionsForThingCommand({ thingName }),
  );
  return executionSummaries.map(({ jobId }) => jobId);
}

async function groups(): Promise<(string | undefined)[]> {
  const { thingGroups = [] } = await fleet.iot.send(new ListThingGroupsCommand({}));
  return thingGroups.map(({ groupName }) => groupName);
}

test("--dry-run counts the things of a query and makes no group", async () => {
  const { code, stdout } = await publish("--to", BELOW_2, "--dry-run");
  expect(code).toBe(0);
  expect(stdout).toContain("2 things");
  expect(stdout).toMatch(/fota-query-[0-9a-f]{16}: create it as the dynamic group of the query/);
  const planned = JSON.parse((await publish("--to", BELOW_2, "--dry-run", "--json")).stdout);
  expect(planned.plan).toMatchObject({
    things: 2,
    queryGroups: [{ query: BELOW_2.slice(6), exists: false }],
  });
  expect(await groups()).toEqual([]);
});

test("everything below 2.0 gets the job; the same query has the same group, and the same publish the same job", async () => {
  const { jobId, targets } = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  expect(await Promise.all(["pump-0", "pump-1", "pump-2", "pump-3"].map(jobsOf))).toEqual([
    [jobId],
    [jobId],
    [],
    [],
  ]);
  const [thingGroupName] = await groups();
  expect(targets).toEqual([`arn:aws:iot:us-east-1:000000000000:thinggroup/${thingGroupName}`]);
  const group = await fleet.iot.send(new DescribeThingGroupCommand({ thingGroupName }));
  expect(group.queryString).toBe(BELOW_2.slice(6));
  expect(JSON.parse((await publish("--to", BELOW_2, "--json")).stdout).jobId).toBe(jobId);
  await writeFile(join(fleet.folder, "app.bin"), "another image");
  const second = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  expect(second.jobId).not.toBe(jobId);
  expect(await groups()).toEqual([thingGroupName]);
  // A snapshot: what matches later does not get it.
  await reports("pump-4", "1.0.0");
  expect(await jobsOf("pump-4")).toEqual([]);
});

test("status, list and show name the query, as it was written", async () => {
  const { jobId, targets } = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  const queries = { [targets[0]]: BELOW_2.slice(6) };
  for (const args of [["status"], ["status", jobId], ["list"], ["show", jobId]]) {
    const { stdout } = await fleet.fota(args);
    expect(stdout, args.join(" ")).toContain(args[0] === "list" ? BELOW_2.slice(0, 12) : BELOW_2);
    expect(stdout, args.join(" ")).not.toContain("group:fota-query-");
  }
  const jsonOf = async (...args: string[]) => JSON.parse((await fleet.fota([...args, "--json"])).stdout);
  expect(v.parse(jobSummarySchema, await jsonOf("status", jobId)).queries).toEqual(queries);
  expect(v.parse(overviewSchema, await jsonOf("status")).jobs[0]?.queries).toEqual(queries);
  expect(v.parse(jobListSchema, await jsonOf("list", "--counts")).jobs[0]?.queries).toEqual(queries);
  expect(v.parse(shownJobSchema, await jsonOf("show", jobId)).queries).toEqual(queries);
});

test("why names the query, where the group would be a riddle", async () => {
  const { jobId } = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  const { stdout } = await fleet.fota(["why", jobId, "--thing", "pump-2"]);
  expect(stdout).toContain(`targets     ${BELOW_2}`);
  expect(stdout).not.toContain("fota-query-");
});

test("delete keeps the group of a query, and says how to delete it once no other job has it", async () => {
  const { jobId, targets } = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  const name = targets[0].split("/").at(-1);
  await writeFile(join(fleet.folder, "app.bin"), "another image");
  const other = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout).jobId;
  const first = await fleet.fota(["delete", jobId, "--force", "--yes"]);
  expect(first.stdout).toContain(
    `kept     group ${name} of ${BELOW_2}\n           other jobs have it as a target`,
  );
  const last = await fleet.fota(["delete", other, "--force", "--yes", "--json"]);
  expect(v.parse(deletionSchema, JSON.parse(last.stdout)).queryGroups).toEqual([
    {
      name,
      query: BELOW_2.slice(6),
      isTarget: false,
      removal: expect.stringMatching(`^aws iot delete-dynamic-thing-group --thing-group-name ${name} `),
    },
  ]);
  expect(await groups()).toEqual([name]);
});

test("where the group may not be read, its name is shown", async () => {
  const { jobId, targets } = JSON.parse((await publish("--to", BELOW_2, "--json")).stdout);
  fleet.refuse("GET", `/thing-groups/${targets[0].split("/").at(-1)}`);
  const { code, stdout } = await fleet.fota(["status", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).jobs[0]).toMatchObject({ jobId, targets });
  expect(JSON.parse(stdout).jobs[0]).not.toHaveProperty("queries");
});

test("with --continuous, a thing that the query finds later gets the job", async () => {
  const { jobId } = JSON.parse((await publish("--to", BELOW_2, ...CONTINUOUS, "--json")).stdout);
  await reports("pump-4", "1.5.0");
  await expect.poll(() => jobsOf("pump-4")).toEqual([jobId]);
});

test("a query that finds nothing yet is refused, except with --continuous", async () => {
  const none = "query:attributes.model:none";
  expect(await publish("--to", none)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("check the query, or add --continuous"),
  });
  expect(await publish("--to", none, ...CONTINUOUS)).toMatchObject({ code: 0 });
});

test("a query that compares versions leads to the list that finds the things", async () => {
  const below = "query:shadow.name.fota.reported.version<2.0";
  for (const ended of [
    await publish("--to", below),
    await fleet.fota(["rehearse", "app.bin", "--slot", "any", "--to", below]),
  ]) {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("(GROUP_EMPTY)");
    expect(ended.stderr).toContain("fota fleet --version '<2.0' --columns thing --csv");
  }
});

test("a wrong query, and an index that is off, are errors before anything is made", async () => {
  expect(await publish("--to", "query:attributes.model:(m1")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("QUERY_INVALID"),
  });
  expect(await publish("--to", "query:")).toMatchObject({ code: 2 });
  const thingIndexingConfiguration = { thingIndexingMode: "OFF" } as const;
  await fleet.iot.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }));
  const { code, stderr } = await publish("--to", BELOW_2);
  expect(code).toBe(1);
  expect(stderr).toContain("INDEX_OFF");
  expect(stderr).toContain("fleet --index");
  expect(await groups()).toEqual([]);
});

test("a failure after the group was made names it, and the next run continues", async () => {
  fleet.refuse("PUT", "/jobs/q1");
  const { code, stderr } = await publish("--to", BELOW_2, "--job-id", "q1");
  fleet.local.faults.clear();
  expect(code).toBe(1);
  const [name] = await groups();
  expect(stderr).toContain(`group ${name}`);
  expect(await publish("--to", BELOW_2, "--job-id", "q1")).toMatchObject({ code: 0 });
  expect(await groups()).toEqual([name]);
});

test("promote, rehearse and doctor take a query", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-3"], fwVersion: "2.0.0" });
  await fleet.report("pump-3", jobId, "SUCCEEDED");
  const promoted = await fleet.fota(["promote", jobId, "--to", BELOW_2, "--yes", "--json"]);
  expect(promoted.code, promoted.stderr).toBe(0);
  expect(await jobsOf("pump-1")).toEqual([JSON.parse(promoted.stdout).jobId]);
  const rehearsed = await fleet.fota(["rehearse", "app.bin", "--to", BELOW_2, "--runs", "1", "--json"]);
  expect(JSON.parse(rehearsed.stdout)).toMatchObject({ things: 2 });
  const { stdout } = await fleet.fota(["doctor", "--bucket", BUCKET, "--to", BELOW_2]);
  expect(stdout).toContain("finds 2 things");
});
