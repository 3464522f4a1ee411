import { AddThingToThingGroupCommand, CreateThingGroupCommand } from "@aws-sdk/client-iot";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { jobListSchema } from "../src/list/result.js";
import { type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
/** The newest first. */
let jobIds: string[] = [];

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.stop());
beforeEach(async () => {
  if (jobIds.length === 0) jobIds = await publishThree();
});
afterEach(() => {
  fleet.local.faults.clear();
});

async function publishThree(): Promise<string[]> {
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName: "pump-1" }));
  const first = await fleet.publish({ to: ["pump-0"] });
  await fleet.report("pump-0", first.jobId, "SUCCEEDED");
  const second = await fleet.publish({ to: ["group:beta"] });
  const third = await fleet.publish({ to: ["pump-0", "pump-1"] });
  return [third.jobId, second.jobId, first.jobId];
}

async function good(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.fota(["list", ...args]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

async function listed(...args: string[]) {
  return v.parse(jobListSchema, JSON.parse(await good([...args, "--json"])));
}

test("jobs come newest first, so many as asked, and it is said that there are more", async () => {
  expect((await listed()).jobs.map(({ jobId }) => jobId)).toEqual(jobIds);
  expect(await listed("--limit", "2")).toMatchObject({
    jobs: [{ jobId: jobIds[0] }, { jobId: jobIds[1] }],
    more: true,
  });
  const { stderr } = await fleet.fota(["list", "--limit", "2", "--since", "1h"]);
  expect(stderr).toMatch(
    /^there are older ones: fota list --since 1h --limit 10 --endpoint-url \S+ --local\n$/,
  );
});

test("a status, a thing, a group and a time narrow it", async () => {
  const idsOf = async (...args: string[]) => (await listed(...args)).jobs.map(({ jobId }) => jobId);
  expect(await idsOf("--status", "completed")).toEqual(jobIds.slice(2));
  expect(await idsOf("--status", "in-progress,completed")).toEqual(jobIds);
  expect(await idsOf("--target", "group:beta")).toEqual([jobIds[1]]);
  expect(await idsOf("--target", "pump-0")).toEqual([jobIds[0], jobIds[2]]);
  expect(await idsOf("--since", "1h")).toEqual(jobIds);
  expect(await idsOf("--since", "2099-01-01")).toEqual([]);
});

test("a table has counts where they are asked for, CSV absolute times", async () => {
  const table = await good(["--counts", "--target", "pump-0"]);
  expect(table).toMatch(
    /^JOB +FIRMWARE +TARGET +EXECUTION +OUTCOME +AGE +TOTAL +SUCCEEDED +UNSUCCESSFUL +PENDING\n/,
  );
  expect(table).toMatch(new RegExp(`${jobIds[2]} +app.bin +pump-0 +SUCCEEDED +1 succeeded .+ 1 +1 +0 +0\n`));
  const [head, newest] = (await good(["--csv", "--columns", "job,created,pending"])).split("\n");
  expect(head).toBe("job,created,pending");
  expect(newest).toMatch(new RegExp(`^${jobIds[0]},\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z,2$`));
});

test("nothing that matches is no failure; a target that is not there is", async () => {
  expect(await good(["--status", "scheduled"])).toBe("no job matches\n");
  expect(await good(["--target", "pump-9"])).toBe("no job matches\n");
  for (const [target, code] of [
    ["pump-99", 'THING_NOT_FOUND)\nhint: did you mean "pump-9"'],
    ["group:bet", 'GROUP_NOT_FOUND)\nhint: did you mean "beta"? if not,'],
  ] as const) {
    const { code: exitCode, stderr } = await fleet.fota(["list", "--target", target]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(code);
  }
});

test.each([
  [["--csv", "--json"], /--csv and --json/],
  [["--columns", "colour"], /no column/],
  [["--status", "done"], /is not a job status/],
  [["--since", "yesterday"], /--since/],
])("%j is wrong usage", async (args, says) => {
  const { code, stderr } = await fleet.fota(["list", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
});

test.each([
  ["/jobs", "iot:ListJobs", []],
  ["/jobs/<newest>", "iot:DescribeJob", ["--counts"]],
  ["/things/pump-0/jobs", "iot:ListJobExecutionsForThing", ["--target", "pump-0"]],
  ["/thing-groups/beta", "iot:DescribeThingGroup", ["--target", "group:beta"]],
])("a refusal at %s names %s", async (path, action, args) => {
  fleet.refuse("GET", path.replace("<newest>", jobIds[0] ?? ""));
  const { code, stderr } = await fleet.fota(["list", ...args]);
  expect(code).toBe(1);
  expect(stderr).toContain(`the credentials in use need ${action}`);
});
