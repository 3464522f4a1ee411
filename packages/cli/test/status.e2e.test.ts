import { CreateJobCommand, CreateThingGroupCommand } from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { jobSummarySchema, overviewSchema } from "../src/status/result.js";
import { startFota } from "./cli.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
let env: Record<string, string>;

beforeAll(async () => {
  fleet = await startFleet();
  env = { AWS_ENDPOINT_URL: fleet.local.endpoint, AWS_REGION: fleet.local.region };
});
afterAll(() => fleet.stop());
afterEach(() => {
  fleet.local.faults.clear();
});

const MISMATCH = { phase: "verifying", reason: "digest-mismatch", detail: "expected a, found b" };

/** A job of four things: one succeeded, one failed, one is in progress, one waits. */
async function mixedJob(): Promise<string> {
  const { jobId } = await fleet.publish({
    to: ["pump-0", "pump-1", "pump-2", "pump-3"],
    abortOn: ["failed>60% after 3"],
  });
  await fleet.report("pump-0", jobId, "SUCCEEDED", { running: "1.4.0" });
  await fleet.report("pump-1", jobId, "FAILED", MISMATCH);
  await fleet.report("pump-2", jobId, "IN_PROGRESS", { phase: "downloading", percent: "42" });
  return jobId;
}

async function good(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.fota(["status", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

async function json(args: readonly string[]) {
  return v.parse(jobSummarySchema, JSON.parse(await good([...args, "--json"])));
}

test("a job tells counts, rules, causes and each of its few things, to people and to programs", async () => {
  const jobId = await mixedJob();
  const summary = await json([jobId]);
  expect(summary).toMatchObject({
    jobId,
    status: "IN_PROGRESS",
    total: 4,
    counts: { queued: 1, inProgress: 1, succeeded: 1, failed: 1 },
    abort: [{ failureType: "FAILED", thresholdPercent: 60, minEnded: 3, failures: 1, ended: 2, percent: 50 }],
    causes: [{ status: "FAILED", reason: "digest-mismatch", count: 1, things: ["pump-1"] }],
  });
  expect(summary.executions?.map(({ thing }) => thing)).toEqual(["pump-0", "pump-1", "pump-2", "pump-3"]);
  const text = await good([jobId]);
  expect(text).toContain("1 succeeded, 1 failed, 1 in progress, 1 queued of 4");
  expect(text).toMatch(/aborts +at 60 % FAILED after 3 ended; now 1 of 2 are 50 %/);
  expect(text).toMatch(/pump-1 +FAILED +digest-mismatch: expected a, found b\n/);
  expect(text).toMatch(/pump-2 +IN_PROGRESS +downloading 42 %\n/);
  expect(text).toContain(
    `next: fota why ${jobId} --thing pump-1 --endpoint-url ${fleet.local.endpoint} --local\n`,
  );
});

test("--things, --failed and --thing show the things that they say", async () => {
  const jobId = await mixedJob();
  expect((await json([jobId, "--things"])).executions).toHaveLength(4);
  const failed = await json([jobId, "--failed"]);
  expect(failed.executions).toMatchObject([{ thing: "pump-1", ...MISMATCH }]);
  expect(failed.causes).toMatchObject([{ count: 1 }]);
  const [one] = (await json([jobId, "--thing", "pump-2"])).executions ?? [];
  expect(one).toMatchObject({ thing: "pump-2", phase: "downloading", percent: 42, versionNumber: 2 });
  expect(await good([jobId, "--thing", "pump-2"])).toMatch(
    /^pump-2 {2}IN_PROGRESS {2}of job .+\n\n {2}report +downloading 42 %\n/,
  );
  expect(await good([jobId, "--things", "--columns", "thing,percent"])).toContain("pump-2       42\n");
});

test("CSV is for programs: absolute times, one line a thing", async () => {
  const jobId = await mixedJob();
  const lines = (await good([jobId, "--things", "--csv", "--columns", "thing,queued,reason"]))
    .trimEnd()
    .split("\n");
  expect(lines[0]).toBe("thing,queued,reason");
  expect(lines[2]).toMatch(/^pump-1,\d{4}-\d\d-\d\dT[\d:.]+Z,digest-mismatch$/);
  expect(lines).toHaveLength(5);
});

test("--utc says times as dates", async () => {
  const jobId = await mixedJob();
  expect(await good([jobId, "--utc"])).toMatch(/created +\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
});

test("without a job it shows those that go on, and those that ended lately", async () => {
  const going = await mixedJob();
  const { jobId: ended } = await fleet.publish({ to: ["pump-9"] });
  await fleet.report("pump-9", ended, "SUCCEEDED");
  const { jobs } = v.parse(overviewSchema, JSON.parse(await good(["--json"])));
  const ids = jobs.map(({ jobId }) => jobId);
  expect(ids[0]).toBe(going);
  expect(ids).toContain(ended);
  expect(await good([])).toMatch(new RegExp(`^JOB .+\\n${going} .+ 1 failed, 1 of 4 done `));
});

test("--wait on a job that reached no thing exits 3 and names the command that explains it", async () => {
  const thingGroupName = "empty";
  const { thingGroupArn = "" } = await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName }));
  const document = JSON.stringify({ operation: "fota" });
  await fleet.iot.send(new CreateJobCommand({ jobId: "for-none", targets: [thingGroupArn], document }));
  const { code, stdout } = await fleet.fota(["status", "for-none", "--wait"]);
  expect(code).toBe(3);
  expect(stdout).toMatch(/reached no thing.*next: fota why for-none .*explains why no thing got it/s);
});

test("--watch --json prints a line for each change, the last when the job ends", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-4", "pump-5"] });
  const watch = startFota(["status", jobId, "--watch", "--json", "--local"], env);
  await watch.line((line) => line.includes('"queued":2'));
  await fleet.report("pump-4", jobId, "SUCCEEDED");
  await watch.line((line) => line.includes('"queued":1'));
  await fleet.report("pump-5", jobId, "FAILED", MISMATCH);
  const { code, stdout } = await watch.ended;
  expect(code).toBe(0);
  const states = stdout
    .trimEnd()
    .split("\n")
    .map((line) => v.parse(jobSummarySchema, JSON.parse(line)));
  expect(states.at(-1)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 1, failed: 1 } });
  expect(new Set(states.map((state) => JSON.stringify(state.executions))).size).toBe(states.length);
});

test("--watch --wait ends with 3 when things failed, in lines where stdout is no terminal", async () => {
  const jobId = await mixedJob();
  const watch = startFota(["status", jobId, "--watch", "--wait", "--local"], env);
  await watch.line((line) => / {2}1 of 4 failed, 1 done, 1 in progress, 1 queued {2}IN_PROGRESS/.test(line));
  await fleet.report("pump-2", jobId, "SUCCEEDED");
  await fleet.report("pump-3", jobId, "SUCCEEDED");
  const { code, stdout } = await watch.ended;
  expect(code).toBe(3);
  expect(stdout).toMatch(/\d\d:\d\d:\d\d {2}1 of 4 failed {2}COMPLETED\n$/);
});

test("Ctrl-C ends a watch with 130 and says that the job goes on", async () => {
  const jobId = await mixedJob();
  const watch = startFota(["status", jobId, "--watch", "--local"], env);
  await watch.line((line) => line.includes("IN_PROGRESS"));
  watch.child.kill("SIGINT");
  const { code, stderr } = await watch.ended;
  expect(code).toBe(130);
  expect(stderr).toContain(`the job continues; run \`fota status ${jobId} --watch --local\` to follow it`);
});

test.each([["--timeout"], ["--wait-timeout"]])("%s ends a wait that is too long with 1", async (flag) => {
  const { jobId } = await fleet.publish({ to: ["pump-6"] });
  const { code, stderr } = await fleet.fota(["status", jobId, "--wait", flag, "1s"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/job \S+ has not ended after 1 s \(WAIT_TIMED_OUT\)/);
});

test.each([
  [["--things"], /missing required argument "job-id"/],
  [["x", "--things", "--failed"], /cannot be used together/],
  [["x", "--watch", "--things"], /--watch/],
  [["x", "--columns", "thing"], /--things or --failed/],
  [["x", "--things", "--csv", "--json"], /--csv and --json/],
  [["x", "--things", "--columns", "colour"], /no column \\?"colour/],
  [["x", "--timeout", "1m"], /--timeout limits how long to wait/],
  [["x", "--wait", "--timeout", "soon"], /--timeout must be a duration/],
])("%j is wrong usage", async (args, says) => {
  const { code, stderr } = await fleet.fota(["status", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
});

test.each([
  ["/jobs/<job>", "iot:DescribeJob", []],
  ["/jobs/<job>/things", "iot:ListJobExecutionsForJob", []],
  ["/things/pump-1/jobs/<job>", "iot:DescribeJobExecution", []],
  ["/jobs/<job>/things", "iot:ListJobExecutionsForJob", ["--things"]],
  ["/things/pump-1/jobs/<job>", "iot:DescribeJobExecution", ["--thing", "pump-1"]],
])("a refusal at %s names %s", async (path, action, args) => {
  const jobId = await mixedJob();
  fleet.refuse("GET", path.replace("<job>", jobId));
  const { code, stdout, stderr } = await fleet.fota(["status", jobId, ...args]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(`the credentials in use need ${action}`);
});
