import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
} from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { cancellationSchema } from "../src/cancel/result.js";
import { writtenReportSchema } from "../src/report/result.js";
import { jobSummarySchema } from "../src/status/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.stop());
afterEach(() => {
  fleet.local.faults.clear();
});

async function cancel(args: readonly string[]) {
  const { code, stdout, stderr } = await fleet.fota(["cancel", ...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return v.parse(cancellationSchema, JSON.parse(stdout));
}

async function jobOf(jobId: string) {
  return (await fleet.iot.send(new DescribeJobCommand({ jobId }))).job;
}

async function statusOn(thingName: string, jobId: string) {
  const { execution } = await fleet.iot.send(new DescribeJobExecutionCommand({ thingName, jobId }));
  return execution?.status;
}

async function jobWithOneAtIt(): Promise<string> {
  const { jobId } = await fleet.publish({ to: ["pump-0", "pump-1", "pump-2"] });
  await fleet.report("pump-0", jobId, "IN_PROGRESS");
  return jobId;
}

test("what waits is canceled, what a thing is at goes on, and the reason is kept", async () => {
  const jobId = await jobWithOneAtIt();
  const done = await cancel([jobId, "--yes", "--reason", "wrong build"]);
  expect(done).toEqual({ jobId, changed: true, canceled: 2, goingOn: 1 });
  expect(await jobOf(jobId)).toMatchObject({ status: "CANCELED", comment: "wrong build" });
  expect(await statusOn("pump-0", jobId)).toBe("IN_PROGRESS");

  const again = await fleet.fota(["cancel", jobId]);
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(
    /is canceled already: nothing to do\n.+1 thing still in progress.+--force --endpoint-url .+ --local/,
  );

  expect(await cancel([jobId, "--force", "--yes"])).toEqual({
    jobId,
    changed: true,
    canceled: 1,
    goingOn: 0,
  });
  expect(await statusOn("pump-0", jobId)).toBe("CANCELED");
  expect(await cancel([jobId, "--force"])).toMatchObject({ changed: false, canceled: 0 });
});

test("--force reaches those in progress; a reason in capitals is a code", async () => {
  const jobId = await jobWithOneAtIt();
  expect(await cancel([jobId, "--force", "--yes", "--reason", "BAD_BUILD"])).toMatchObject({
    canceled: 3,
    goingOn: 0,
  });
  expect(await jobOf(jobId)).toMatchObject({ reasonCode: "BAD_BUILD", forceCanceled: true });
  expect(await statusOn("pump-0", jobId)).toBe("CANCELED");
});

test("one thing is taken out, the others stay", async () => {
  const jobId = await jobWithOneAtIt();
  expect(await cancel([jobId, "--thing", "pump-1", "--yes"])).toEqual({
    jobId,
    thing: "pump-1",
    changed: true,
    canceled: 1,
    goingOn: 0,
  });
  expect(await statusOn("pump-2", jobId)).toBe("QUEUED");
  expect(await cancel([jobId, "--thing", "pump-1"])).toMatchObject({ changed: false });

  const busy = await fleet.fota(["cancel", jobId, "--thing", "pump-0", "--yes"]);
  expect(busy.code).toBe(1);
  expect(busy.stderr).toMatch(
    /only --force.+\(EXECUTION_STATE\)\nhint: run `fota cancel .+ --force --endpoint-url/,
  );
  expect(await cancel([jobId, "--thing", "pump-0", "--force", "--yes"])).toMatchObject({ canceled: 1 });
});

test("who is affected is said before it is asked, and no is no", async () => {
  const jobId = await jobWithOneAtIt();
  const no = await fleet.fota(["cancel", jobId], ["n"]);
  expect(no.code).toBe(1);
  expect(no.stderr).toContain(
    "2 things wait and get no update 1 thing is in progress: they complete the update",
  );
  expect(no.stderr).toContain("(DECLINED)");
  expect((await jobOf(jobId))?.status).toBe("IN_PROGRESS");
  const yes = await fleet.fota(["cancel", jobId], ["y"]);
  expect(yes.code).toBe(0);
  expect(yes.stdout).toMatch(/canceled for at most 2 things\n.+1 thing still in progress/);
  expect((await jobOf(jobId))?.status).toBe("CANCELED");
});

test("Ctrl-C at the question changes nothing", async () => {
  const jobId = await jobWithOneAtIt();
  const { code, stderr } = await fleet.fota(["cancel", jobId], ["\u0003"]);
  expect(stderr).toContain("nothing was changed");
  expect(code).toBe(130);
  expect((await jobOf(jobId))?.status).toBe("IN_PROGRESS");
});

test("where nobody can answer, --yes is needed", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-3"] });
  const { code, stderr } = await fleet.fota(["cancel", jobId]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\(DECLINED\)\nhint: use --yes/);
  expect((await jobOf(jobId))?.status).toBe("IN_PROGRESS");
});

test("a job that ended is not canceled", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-3"] });
  await fleet.report("pump-3", jobId, "SUCCEEDED");
  const { code, stderr } = await fleet.fota(["cancel", jobId, "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/is COMPLETED.+\(JOB_ENDED\)/);
  const one = await fleet.fota(["cancel", jobId, "--thing", "pump-3", "--yes"]);
  expect(one.stderr).toMatch(/SUCCEEDED \(EXECUTION_STATE\)/);
});

test.each([
  ["a job that is not there", ["no-job", "--yes"], 1, /no job "no-job".+\(JOB_NOT_FOUND\)/],
  ["a thing of a job that is not there", ["no-job", "--thing", "pump-0", "--yes"], 1, /\(JOB_NOT_FOUND\)/],
  ["a job id that is none", ["no job"], 2, /\(JOB_ID_INVALID\)/],
  ["a reason for one thing", ["no-job", "--thing", "pump-0", "--reason", "x"], 2, /one thing \(USAGE\)/],
] as const)("%s", async (_what, args, exitCode, says) => {
  const { code, stderr, stdout } = await fleet.fota(["cancel", ...args]);
  expect(stderr).toMatch(says);
  expect(code).toBe(exitCode);
  expect(stdout).toBe("");
});

test("a thing that has no execution of the job", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-5"] });
  const { stderr } = await fleet.fota(["cancel", jobId, "--thing", "pump-6", "--yes"]);
  expect(stderr).toMatch(/no execution on "pump-6" \(THING_NOT_FOUND\)\nhint: .+--things --endpoint-url/);
});

test.each([
  ["iot:DescribeJob", "GET", (id: string) => `/jobs/${id}`, []],
  ["iot:CancelJob", "PUT", (id: string) => `/jobs/${id}/cancel`, []],
  ["iot:DescribeJobExecution", "GET", (id: string) => `/things/pump-6/jobs/${id}`, ["--thing", "pump-6"]],
  [
    "iot:CancelJobExecution",
    "PUT",
    (id: string) => `/things/pump-6/jobs/${id}/cancel`,
    ["--thing", "pump-6"],
  ],
] as const)("without %s that is what is named", async (action, method, path, more) => {
  const { jobId } = await fleet.publish({ to: ["pump-6"] });
  fleet.refuse(method, path(jobId));
  const { code, stderr } = await fleet.fota(["cancel", jobId, "--yes", ...more]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\(ACCESS_DENIED\)/);
  expect(stderr).toMatch(new RegExp(`hint: .+${action}$`, "m"));
});

test("without iot:ListJobExecutionsForJob the stragglers of a canceled job are not found", async () => {
  const { jobId } = await fleet.publish({ to: ["pump-7"] });
  await fleet.report("pump-7", jobId, "IN_PROGRESS");
  await cancel([jobId, "--yes"]);
  fleet.refuse("GET", `/jobs/${jobId}/things`);
  const { code, stderr } = await fleet.fota(["cancel", jobId, "--force", "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/hint: .+iot:ListJobExecutionsForJob$/m);
});

test("status, why and report tell how many things a job had not reached when it was canceled", async () => {
  const thingGroupName = "slow";
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName }));
  for (let i = 3; i < 8; i += 1) {
    await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName, thingName: `pump-${i}` }));
  }
  const image = ["app.bin", "--slot", "1", "--bucket", BUCKET];
  await writeFile(join(fleet.folder, "app.bin"), "of a slow rollout");
  const args = ["publish", ...image, "--to", "group:slow", "--rate", "2/min", "--job-id", "slow-1", "--yes"];
  expect((await fleet.fota(args)).code).toBe(0);
  await eventually(async () => {
    expect((await jobOf("slow-1"))?.jobProcessDetails?.numberOfQueuedThings).toBe(2);
  });
  await cancel(["slow-1", "--yes"]);

  const jsonOf = async (...words: string[]) => JSON.parse((await fleet.fota([...words, "--json"])).stdout);
  const unreached = { things: 3, ofThings: 5, isExact: true };
  expect(v.parse(jobSummarySchema, await jsonOf("status", "slow-1"))).toMatchObject({ total: 2, unreached });
  const out = ["--out", join(fleet.folder, "slow.html")];
  expect(v.parse(writtenReportSchema, await jsonOf("report", "slow-1", ...out))).toMatchObject({ unreached });
  const missed = [3, 4, 5, 6, 7].map((n) => `pump-${n}`);
  const answers = await Promise.all(
    missed.map(async (thing) => ({ thing, ...(await fleet.fota(["status", "slow-1", "--thing", thing])) })),
  );
  const notReached = answers.find(({ stderr }) =>
    stderr.includes("may have been canceled before it reached"),
  );
  expect(notReached?.stderr).not.toContain("did you mean");
  const why = await jsonOf("why", "slow-1", "--thing", String(notReached?.thing));
  expect(why).toMatchObject({
    cause: "job-canceled",
    explanation: expect.stringMatching(
      `^${notReached?.thing} has no execution of the job: job slow-1 was canceled`,
    ),
    next: [{ command: expect.stringContaining(`promote slow-1 --to ${notReached?.thing} --force`) }],
  });
  const sentence = "3 of the 5 things in its targets never got it, and are not counted";
  expect((await fleet.fota(["status", "slow-1"])).stdout).toContain(`canceled: ${sentence}`);
  expect((await fleet.fota(["why", "slow-1"])).stdout).toContain(`canceled: ${sentence}`);
  expect(await readFile(join(fleet.folder, "slow.html"), "utf8")).toContain(`Canceled: ${sentence}.`);
});
