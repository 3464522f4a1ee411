import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

let fleet: Fleet;
/** Of version 1.4.0; the newest job is of version 1.5.0. */
let old = "";
let newest = "";

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.stop());
beforeEach(async () => {
  fleet.local.faults.clear();
  if (newest !== "") return;
  ({ jobId: old } = await fleet.publish({ to: ["pump-0"], fwVersion: "1.4.0" }));
  await fleet.report("pump-0", old, "FAILED");
  ({ jobId: newest } = await fleet.publish({ to: ["pump-1", "pump-2"], fwVersion: "1.5.0" }));
});

test.each<[string, string[]]>([
  ["status", []],
  ["status", ["--things"]],
  ["status", ["--thing", "pump-0"]],
  ["status", ["--wait"]],
  ["show", []],
  ["show", ["--document"]],
  ["why", []],
  ["report", []],
  ["retry", ["--dry-run"]],
  ["promote", ["--to", "pump-3", "--force", "--dry-run"]],
])("fota %s takes the version for the id of the job %j", async (command, options) => {
  const { stdout, stderr } = await fleet.fota([command, "1-4", ...options]);
  expect(stderr).toContain(`"1-4" is job ${old}`);
  expect(stdout).not.toBe("");
});

test("cancel and delete say which job they mean before they ask", async () => {
  const cancel = await fleet.fota(["cancel", "last"], ["no"]);
  expect(cancel.stderr).toMatch(new RegExp(`"last" is job ${newest}.*cancel job ${newest}\\? \\[y/N\\]`));
  const { stderr } = await fleet.fota(["delete", old.slice(0, -4)], ["no"]);
  expect(stderr).toMatch(new RegExp(`is job ${old}.*delete job ${old} and its history\\? \\[y/N\\]`));
});

test("a command without a job shows the newest, and takes a number or an id", async () => {
  const show = async (...typed: string[]) => await fleet.fota(["show", "--no-color"], typed);
  const second = await show("2");
  expect(second.stderr).toMatch(/# +JOB +FIRMWARE +TARGET +OUTCOME +AGE/);
  expect(second.stderr).toContain(`1  ${newest}  1.5.0     pump-1 +1  0 of 2 done`);
  expect(second.stderr).toContain(`2  ${old}  1.4.0     pump-0     1 failed`);
  expect(second.stdout).toContain(`job ${old}`);
  expect((await show("9", "1")).stdout).toContain(`job ${newest}`);
  expect((await show("1.4")).stdout).toContain(`job ${old}`);
  expect(await show("")).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("DECLINED") });
  expect((await fleet.fota(["status", "--things"], ["1"])).stdout).toContain("pump-2");
});

test.each<[string[], "old" | "newest"]>([
  [["cancel"], "newest"],
  [["delete"], "old"],
  [["retry"], "old"],
])("fota %j offers only jobs that it can work on", async (args, which) => {
  const { stderr } = await fleet.fota([...args, "--no-color"], [""]);
  const [offered, hidden] = which === "old" ? [old, newest] : [newest, old];
  expect(stderr).toContain(`1  ${offered}  `);
  expect(stderr).not.toContain(hidden);
});

test("a command that can work on no job says so instead of asking", async () => {
  expect(await fleet.fota(["promote", "--to", "pump-3"], ["1"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no job succeeded among the newest 30, .*JOB_NOT_FOUND/s),
  });
});

test("an exact id needs no list of jobs", async () => {
  fleet.refuse("GET", "/jobs");
  for (const command of ["status", "show", "why"]) {
    expect(await fleet.fota([command, newest])).toMatchObject({ code: 0, stderr: "" });
  }
});

test("--json tells the whole id in its result, and nothing else", async () => {
  const { stdout, stderr } = await fleet.fota(["status", "1.5", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ jobId: newest });
  expect(stderr).toBe("");
});

test.each([
  ["retry", []],
  ["promote", ["--to", "pump-3", "--force"]],
])("the job that %s makes has an id of the same form, and one of its own", async (command, options) => {
  const { stdout } = await fleet.fota([command, old, ...options, "--dry-run", "--json"]);
  const { jobId } = JSON.parse(stdout);
  expect(jobId).toMatch(/^fota-1-4-0-[0-9a-f]{10}$/);
  expect(jobId).not.toBe(old);
});

test("a name that is nearly right is reported", async () => {
  const job = await fleet.fota(["status", "1.6.0"]);
  expect(job.stderr).toContain(`hint: did you mean "${newest}" or "${old}"? if not, `);
  const to = async (target: string) =>
    (await fleet.fota(["publish", "app.bin", "--slot", "1", "--bucket", BUCKET, "--to", target])).stderr;
  expect(await to("Pump-1")).toMatch(
    /^error: there is no thing "Pump-1" \(THING_NOT_FOUND\)\nhint: did you mean "pump-1"\? if not, /,
  );
  const ofJob = await fleet.fota(["status", newest, "--thing", "pump-3"]);
  expect(ofJob.stderr).toMatch(
    /no execution on "pump-3" \(THING_NOT_FOUND\)\nhint: did you mean "pump-1" or "pump-2"\? if not,/,
  );
});

test("after a retry, the version is the newest job for a command that only reads, and nothing for others", async () => {
  const { stdout } = await fleet.fota(["retry", old, "--yes", "--json"]);
  const { jobId: again } = JSON.parse(stdout);
  for (const command of ["status", "show", "why"]) {
    const read = await fleet.fota([command, "1.4.0"]);
    expect(read.stderr).toBe(`"1.4.0" is job ${again}, the newest of 2 of this version\n`);
    expect(read.stdout).toContain(again);
  }
  for (const command of ["cancel", "delete", "retry"]) {
    const { code, stderr } = await fleet.fota([command, "1.4.0", "--yes"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('"1.4.0" matches 2 jobs: ')]);
  }
});

test("a job cannot be given the id that means the newest one", async () => {
  const publish = ["publish", "app.bin", "--slot", "1", "--bucket", BUCKET, "--to", "pump-0"];
  expect(await fleet.fota([...publish, "--job-id", "last"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("JOB_ID_INVALID"),
  });
});
