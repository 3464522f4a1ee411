import { randomBytes } from "node:crypto";
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddThingToThingGroupCommand,
  CancelJobCommand,
  CreateThingGroupCommand,
  DeleteJobCommand,
  DescribeJobCommand,
  GetJobDocumentCommand,
  ListJobsCommand,
  ListTagsForResourceCommand,
  ListThingGroupsCommand,
  RemoveThingFromThingGroupCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { type JobExecutionStatus, parseJobDocument } from "@fota/shared";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rolloutSchema } from "../src/rollout/result.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";

const HOUR_MS = 3_600_000;
const GROUPS = { canary: ["pump-0"], beta: ["pump-1", "pump-2"], all: ["pump-3", "pump-4", "pump-5"] };
type StageName = keyof typeof GROUPS;

let fleet: Fleet;
let folder: string;

beforeEach(async () => {
  fleet = await startFleet();
  folder = await mkdtemp(join(tmpdir(), "fota-plan-"));
  await writeFile(join(folder, "app.bin"), randomBytes(3_000));
  for (const [thingGroupName, things] of Object.entries(GROUPS)) {
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName }));
    for (const thingName of things) {
      await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName, thingName }));
    }
  }
});
afterEach(async () => {
  await fleet.stop();
  await rm(folder, { recursive: true });
});

const stage = (name: StageName, more: object = {}) => ({ name, to: [`group:${name}`], ...more });

async function plan(stages: object[], more: object = {}): Promise<void> {
  const publish = { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.4.0" };
  await writeFile(join(folder, "plan.json"), JSON.stringify({ name: "pumps", publish, stages, ...more }));
}

/** Runs `fota rollout plan.json` with the answer as data. */
async function rollout(code: number, ...args: string[]) {
  const path = join(folder, "plan.json");
  const { code: ended, stdout, stderr } = await fleet.fota(["rollout", path, ...args, "--json"]);
  expect(ended, stderr).toBe(code);
  return v.parse(rolloutSchema, JSON.parse(stdout));
}

async function refused(code: number, ...args: string[]): Promise<string> {
  const before = await jobIds();
  const ended = await fleet.fota(["rollout", join(folder, "plan.json"), ...args]);
  expect(ended, ended.stderr).toMatchObject({ code, stdout: "" });
  expect(await jobIds()).toEqual(before);
  return ended.stderr;
}

async function jobIds(): Promise<string[]> {
  const { jobs = [] } = await fleet.iot.send(new ListJobsCommand({}));
  return jobs.map(({ jobId = "" }) => jobId).sort();
}

async function jobOf(name: StageName) {
  const id = (await jobIds()).find((jobId) => jobId.includes(`-${name}-`));
  if (id === undefined) throw new Error(`stage ${name} has no job`);
  const { job } = await fleet.iot.send(new DescribeJobCommand({ jobId: id }));
  return { ...job, jobId: id };
}

async function documentOf(name: StageName) {
  const { document = "" } = await fleet.iot.send(
    new GetJobDocumentCommand({ jobId: (await jobOf(name)).jobId }),
  );
  return parseJobDocument(JSON.parse(document));
}

async function report(name: StageName, status: JobExecutionStatus, things = GROUPS[name]): Promise<void> {
  const { jobId } = await jobOf(name);
  const targetsToGo = async () => (await jobOf(name)).jobProcessDetails?.processingTargets ?? [];
  await expect.poll(targetsToGo).toEqual([]);
  for (const thing of things) await fleet.report(thing, jobId, status);
}

async function script(text: string): Promise<void> {
  const path = join(folder, "check.sh");
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}

test("each stage offers the patches of the plan", async () => {
  const image = await readFile(join(folder, "app.bin"));
  await writeFile(join(folder, "old.bin"), Buffer.concat([image, Buffer.from("old")]));
  const publish = { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.4.0", deltaFrom: ["old.bin"] };
  await plan([stage("canary"), stage("beta")], { publish });
  expect(await rollout(75, "--once")).toMatchObject({ stage: "canary" });
  await rm(join(folder, "old.bin")); // only the first stage needs it
  await report("canary", "SUCCEEDED");
  expect(await rollout(75, "--once")).toMatchObject({ stage: "beta" });
  const [canary, beta] = [await documentOf("canary"), await documentOf("beta")];
  expect(canary.bc_delta).toMatchObject([{ from_size: image.length + 3 }]);
  const [delta] = beta.bc_delta ?? [];
  expect(beta.bc_delta).toEqual([{ ...canary.bc_delta?.[0], url: delta?.url }]);
  expect((await fetch(delta?.url ?? "")).status).toBe(200);
});

test("three stages run one after the other, each with its own rollout and the same image", async () => {
  await plan([stage("canary", { gate: { soak: "2h" } }), stage("beta", { rate: "50/min" }), stage("all")]);
  expect(await rollout(75, "--once")).toMatchObject({ state: "in progress", stage: "canary" });
  await report("canary", "SUCCEEDED");
  const soaking = await rollout(75, "--once");
  expect(soaking.reason).toContain("1 of 1 thing succeeded, soaking until");
  expect(await rollout(0, "--status")).toEqual(soaking);
  fleet.local.clock.advance(1.9 * HOUR_MS);
  expect(await rollout(75, "--once")).toMatchObject({ stage: "canary" });
  fleet.local.clock.advance(0.2 * HOUR_MS);
  expect(await rollout(75, "--once")).toMatchObject({ stage: "beta" });
  await report("beta", "SUCCEEDED");
  await rollout(75, "--once");
  await report("all", "SUCCEEDED");
  const done = await rollout(0, "--once");
  expect(done).toMatchObject({ state: "done", stage: null });
  expect(done.stages.map(({ gate }) => gate.state)).toEqual(["open", "open", "open"]);
  expect(await rollout(0)).toEqual(done);

  const jobs = [await jobOf("canary"), await jobOf("beta"), await jobOf("all")];
  expect(jobs.map(({ jobExecutionsRolloutConfig: rate }) => rate?.maximumPerMinute)).toEqual([
    undefined,
    50,
    undefined,
  ]);
  const { tags = [] } = await fleet.iot.send(
    new ListTagsForResourceCommand({ resourceArn: jobs[1]?.jobArn ?? "" }),
  );
  const value = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  expect(value("fota:rollout")).toBe("pumps");
  expect(value("fota:stage")).toBe("2/3 beta");
  expect(value("fota:gate")).toMatch(/^open 20\S+Z 2 of 2 things succeeded$/);
  const { stdout } = await fleet.fota(["show", "pumps-beta"]);
  expect(stdout).toContain("2/3 beta of rollout pumps");
});

test("a run without --once follows the stages to the end", async () => {
  await plan([stage("canary"), stage("beta")]);
  const running = rollout(0);
  await expect.poll(jobIds).toHaveLength(1);
  await report("canary", "SUCCEEDED");
  await expect.poll(jobIds).toHaveLength(2);
  await report("beta", "SUCCEEDED");
  expect(await running).toMatchObject({ state: "done" });
});

test("a run of cron that only waits asks AWS for little", async () => {
  await plan([stage("canary"), stage("all")]);
  await rollout(75, "--once");
  const { code, stderr } = await fleet.fota(["rollout", join(folder, "plan.json"), "--once", "--debug"]);
  expect(code).toBe(75);
  const calls = new Set([...stderr.matchAll(/debug: \S+ (\w+) at/g)].map(([, call]) => call));
  expect([...calls].sort()).toEqual(["DescribeJob", "GetJobDocument", "ListTagsForResource"]);
});

test("a run that follows waits through an outage, and reports a job that was deleted", async () => {
  await plan([stage("canary")]);
  let said = "";
  const running = fleet.fota(["rollout", join(folder, "plan.json")], undefined, (text) => {
    said = text;
  });
  await expect.poll(() => said).toMatch(/gate waits/); // it follows the job that it has created
  const { jobId } = await jobOf("canary");
  const path = `/jobs/${jobId}`;
  const fault = { kind: "answerError", service: "iot", method: "GET", path } as const;
  fleet.local.faults.add({ ...fault, status: 503, times: 4 });
  await fleet.iot.send(new DeleteJobCommand({ jobId, force: true }));
  const { code, stderr } = await running;
  expect(code).toBe(1);
  expect(stderr).toContain("trying again");
  expect(stderr).toMatch(/job \S+ of stage canary was deleted \(JOB_NOT_FOUND\)/);
});

test("a bad canary stops the rollout, and its job is canceled if the plan wants that", async () => {
  const gate = { success: "90%", onFail: "cancel" };
  await plan([{ ...stage("all"), gate }, stage("beta")]);
  await rollout(75, "--once");
  await report("all", "FAILED", ["pump-3"]);
  const stopped = await rollout(3, "--once");
  expect(stopped).toMatchObject({ state: "stopped", stage: "all" });
  expect(stopped.reason).toBe("1 of 3 failed, the gate requires 90 %");
  expect(await jobOf("all")).toMatchObject({ status: "CANCELED", reasonCode: "ROLLOUT_GATE_CLOSED" });
  expect(await jobIds()).toHaveLength(1);

  const again = await fleet.fota(["rollout", join(folder, "plan.json")]);
  expect(again.code).toBe(3);
  expect(again.stdout).toMatch(/stopped at stage all: the job is CANCELED: ROLLOUT_GATE_CLOSED/);
  expect(again.stdout).toMatch(/next: fota why fota-pumps-all-/);
  expect(again.stdout).toMatch(/next: fota rollout \S+plan\.json --accept all/);
  expect(await rollout(0, "--status")).toMatchObject({ state: "stopped", stage: "all" });
});

test("a job that its abort rule canceled stops the rollout", async () => {
  await plan([stage("all", { abortOn: ["failed>10% after 1"], gate: { success: "50%" } }), stage("beta")]);
  await rollout(75, "--once");
  await report("all", "FAILED", ["pump-3"]);
  await expect.poll(async () => (await jobOf("all")).status).toBe("CANCELED");
  expect((await rollout(3, "--once")).reason).toMatch(/^the job is CANCELED: ABORT_CRITERIA_MET/);
});

test("a closed gate stays closed until it is opened by hand; the job stays as it is", async () => {
  await plan([stage("beta"), stage("all")]);
  await rollout(75, "--once");
  expect(await refused(2, "--accept", "all")).toMatch(/--accept all: the rollout is at stage beta \(USAGE\)/);
  await report("beta", "FAILED", ["pump-1"]);
  await rollout(3, "--once");
  await rollout(3, "--once");
  expect(await jobOf("beta")).toMatchObject({ status: "IN_PROGRESS" });
  expect(await rollout(75, "--once", "--accept", "beta")).toMatchObject({ stage: "all" });
  expect((await rollout(0, "--status")).stages[0]?.gate).toMatchObject({
    state: "open",
    text: "accepted by hand",
  });
});

test("things that are off do not hold up the others", async () => {
  await plan([stage("all", { gate: { after: "60%", soak: "1h" } }), stage("beta")]);
  await rollout(75, "--once");
  await report("all", "SUCCEEDED", ["pump-3", "pump-4"]);
  expect((await rollout(75, "--once")).reason).toContain("2 of 2 things succeeded, soaking until");
  fleet.local.clock.advance(0.9 * HOUR_MS);
  await report("all", "SUCCEEDED", ["pump-5"]); // its end does not begin the soak again
  fleet.local.clock.advance(0.2 * HOUR_MS);
  expect(await rollout(75, "--once")).toMatchObject({ stage: "beta" });
});

test("a gate that waits for too long closes, or decides by the things that have ended", async () => {
  await plan([stage("all", { gate: { timeout: "3d" } })]);
  await rollout(75, "--once");
  await report("all", "SUCCEEDED", ["pump-3"]);
  fleet.local.clock.advance(73 * HOUR_MS);
  const stopped = await rollout(3, "--once");
  expect(stopped.reason).toBe("1 of 3 things ended, 3 must have, 3 days after the start");
  await plan([stage("all", { gate: { timeout: "3d", onTimeout: "judge" } })]); // gates may change
  expect(await rollout(0, "--once")).toMatchObject({ state: "done" });
});

test("a thing that succeeds when it is retried has succeeded", async () => {
  await plan([stage("beta", { retry: "failed:1" })]);
  await rollout(75, "--once");
  await report("beta", "SUCCEEDED", ["pump-1"]);
  await report("beta", "FAILED", ["pump-2"]);
  expect((await rollout(75, "--once")).reason).toBe("1 of 2 things ended, 2 must have");
  await report("beta", "SUCCEEDED", ["pump-2"]);
  expect((await rollout(0, "--once")).stages[0]?.gate.text).toBe("2 of 2 things succeeded");
});

test("a command decides last, and gets the facts", async () => {
  await script(`cat > facts.json; echo "$FOTA_STAGE_NUMBER of $FOTA_STAGES, $FOTA_VERSION"; exit 75`);
  await plan([stage("canary", { gate: { command: ["./check.sh"] } }), stage("beta")]);
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  expect((await rollout(75, "--once")).reason).toBe(
    "1 of 1 thing succeeded; ./check.sh: exit code 75, 1 of 2, 1.4.0: asking again",
  );
  const asks = "1 of 1 thing succeeded; the next run asks its command";
  await chmod(join(folder, "check.sh"), 0o644); // a machine that only looks may not have it
  expect((await rollout(0, "--status")).reason).toBe(asks);
  const { jobId } = await jobOf("canary");
  const counts = { succeeded: 1, failed: 0, pending: 0 };
  const facts = { rollout: "pumps", stage: "canary", stageNumber: 1, stages: 2, jobId, version: "1.4.0" };
  expect(JSON.parse(await readFile(join(folder, "facts.json"), "utf8"))).toEqual({ ...facts, ...counts });

  await script('echo "3 crashes" >&2; exit 1');
  const stopped = await fleet.fota(["rollout", join(folder, "plan.json")]);
  expect(stopped).toMatchObject({ code: 3, stderr: expect.stringMatching(/^ {2}3 crashes/) });
  expect(stopped.stdout).toContain("./check.sh: exit code 1, 3 crashes");
  await script("exit 0");
  expect(await rollout(75, "--once")).toMatchObject({ stage: "beta" });
});

test("what happens while the command runs counts more than its answer", async () => {
  const begun = () =>
    access(join(folder, "begun")).then(
      () => true,
      () => false,
    );
  const slow = (code: number) =>
    script(`touch begun; while [ ! -e go ]; do sleep 0.02; done; rm begun go; exit ${code}`);
  await slow(1);
  await plan([stage("canary", { gate: { command: ["./check.sh"] } }), stage("beta")]);
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  const refusing = rollout(75, "--once");
  await expect.poll(begun).toBe(true);
  await rollout(75, "--once", "--accept", "canary");
  await writeFile(join(folder, "go"), "");
  expect(await refusing).toMatchObject({
    stage: "beta",
    stages: [{ gate: { text: "accepted by hand" } }, {}],
  });

  await plan([
    stage("canary", { gate: { command: ["./check.sh"] } }),
    stage("beta", { gate: { after: "50%", command: ["./check.sh"] } }),
  ]);
  await report("beta", "SUCCEEDED", ["pump-1"]);
  await slow(0);
  const opening = rollout(3, "--once");
  await expect.poll(begun).toBe(true);
  await fleet.iot.send(new CancelJobCommand({ jobId: (await jobOf("beta")).jobId }));
  await writeFile(join(folder, "go"), "");
  expect((await opening).reason).toMatch(/^the job is CANCELED/);
});

test("another machine continues with the plan alone", async () => {
  await plan([stage("canary"), stage("beta")]);
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  const elsewhere = join(folder, "elsewhere");
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, "plan.json"), await readFile(join(folder, "plan.json")));
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
  const ended = await runFota(["rollout", "plan.json", "--once", ...reach], { cwd: elsewhere });
  expect(ended, ended.stderr).toMatchObject({ code: 75 });
  expect(ended.stdout).toContain("is at stage beta");
});

test("a signed rollout needs its keys only in the first stage", async () => {
  const { code, stderr } = await runFota(["keygen", "key.pem", "--no-passphrase"], { cwd: folder });
  expect(code, stderr).toBe(0);
  const publish = { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.4.0", model: "p2" };
  const signed = { ...publish, sign: ["key.pem"], seq: "version", validUntil: "2099-01-01 00:00" };
  await plan([stage("canary"), stage("beta")], { publish: signed });
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  await rm(join(folder, "key.pem"));
  await rm(join(folder, "app.bin"));
  await rollout(75, "--once");
  const signatures = [await documentOf("canary"), await documentOf("beta")].map(({ bc_sig }) => bc_sig);
  expect(signatures[0]).toHaveLength(1);
  expect(signatures[1]).toEqual(signatures[0]);
});

test("a signed document that expires before the last stage can start is refused first", async () => {
  await runFota(["keygen", "key.pem", "--no-passphrase"], { cwd: folder });
  const validUntil = new Date(Date.now() + 24 * HOUR_MS).toISOString().slice(0, 16).replace("T", " ");
  const publish = { image: "app.bin", slot: 1, bucket: BUCKET, model: "p2", sign: ["key.pem"], validUntil };
  await plan([stage("canary", { gate: { soak: "2d" } }), stage("beta")], { publish });
  expect(await refused(1)).toMatch(
    /stage beta can start after 2 days at the earliest, and the document expires.*\(ORDER_EXPIRED\)/,
  );
});

test("two runs at once start each stage once", async () => {
  await plan([stage("canary"), stage("beta")]);
  await Promise.all([rollout(75, "--once"), rollout(75, "--once"), rollout(75, "--once")]);
  expect(await jobIds()).toHaveLength(1);
  await report("canary", "SUCCEEDED");
  await Promise.all([rollout(75, "--once"), rollout(75, "--once"), rollout(75, "--once")]);
  expect(await jobIds()).toHaveLength(2);
});

test("a plan that changed since it started is refused, with what differs", async () => {
  await plan([stage("canary", { rate: "5/min" }), stage("beta")]);
  await rollout(75, "--once");
  const publish = { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.5.0" };
  await plan([stage("canary", { rate: "50/min", thingTimeout: "30m" }), stage("beta")], { publish });
  expect(await refused(1)).toMatch(
    /publish has another fwVersion; stage canary has another rate, thingTimeout \(ROLLOUT_CHANGED\)\nhint: change the plan back to continue \(`fota show fota-pumps-canary/,
  );
  await plan([stage("beta"), stage("canary", { rate: "5/min" })]);
  expect(await refused(1)).toMatch(/stage canary started as number 1 and is number 2 in the plan/);
  await plan([stage("canary", { rate: "5/min" }), stage("all", { rate: "9/min" })]); // has not started
  expect(await rollout(75, "--once")).toMatchObject({ stage: "canary" });
  await writeFile(join(folder, "app.bin"), "another image");
  expect(await refused(1)).toMatch(/app\.bin is not the image of rollout pumps.*\(ROLLOUT_CHANGED\)/);
});

test.each([
  ["a group that does not exist", [stage("canary"), { name: "all", to: ["group:al"] }], /GROUP_NOT_FOUND/],
  [
    "a rate of a later stage",
    [stage("canary"), stage("beta", { rate: "fast" })],
    /stage beta: --rate .*ROLLOUT_INVALID/,
  ],
  ["a rollout that outlives its URL", [stage("canary"), stage("beta", { start: "+8d" })], /URL_OUTLIVED/],
  ["a program that is not there", [stage("canary", { gate: { command: ["./no.sh"] } })], /no\.sh/],
  ["a program that is a folder", [stage("canary", { gate: { command: ["./"] } })], /"\.\/" is not a program/],
  ["a program without a name", [stage("canary", { gate: { command: [""] } })], /"" is not a program/],
  [
    "too few things for minThings",
    [stage("canary", { gate: { minThings: 5 } })],
    /minThings is 5, and the stage has 1/,
  ],
  [
    "a rate too slow for the timeout",
    [stage("canary"), stage("all", { rate: "1/min", gate: { timeout: "1m" } })],
    /reaching 3 things takes 120 s, and its timeout is 60 s|reaching 3 things takes 2 min, and its timeout is 60 s/,
  ],
  ["an unknown key", [stage("canary", { aborton: ["failed>1% after 2"] })], /did you mean "abortOn"\?/],
  [
    "a soak that no clock can hold",
    [stage("canary", { gate: { soak: "99999999d" } })],
    /gate\.soak must be a duration of at most 365d, got "99999999d"/,
  ],
  ["a target of another type", [{ name: "canary", to: [7] }], /stages\[0\]\.to\[0\] must be a string, got 7/],
  ["no targets", [{ name: "canary", to: [] }], /stages\[0\]\.to must be a list/],
] as const)("%s stops the rollout before it starts", async (_what, stages, says) => {
  await plan([...stages]);
  const { code, stdout, stderr } = await fleet.fota(["rollout", join(folder, "plan.json")]);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe("");
  expect(stderr).toMatch(says);
  expect(await jobIds()).toEqual([]);
});

test("--dry-run shows the stages and rehearses them, and nothing is made", async () => {
  await plan([stage("canary"), stage("all", { thingTimeout: "30m", gate: { success: "50%", soak: "2h" } })]);
  const group = { name: "v1", weight: 1, linkSpeed: { medianBytesPerSecond: 1_000 } };
  await writeFile(join(fleet.folder, "fleet.json"), JSON.stringify({ groups: [group] }));
  const dry = await rollout(0, "--dry-run", "--fleet", "fleet.json");
  expect(dry.state).toBe("planned");
  expect(dry.stages.map(({ plan: planned }) => planned?.things)).toEqual([1, 3]);
  expect(dry.stages[1]?.plan?.request).toMatchObject({ timeoutConfig: { inProgressTimeoutInMinutes: 30 } });
  expect(dry.stages[1]?.plan?.rehearsal).toMatchObject({ openRuns: 20, runs: 20, abortedRuns: 0 });
  const { stdout } = await fleet.fota(["rollout", join(folder, "plan.json"), "--dry-run"]);
  expect(stdout).toMatch(/2 all +group:all +3 +50 % succeeded, soak 2 h/);
  expect(stdout).toContain("nothing was changed (--dry-run)");
  expect(await jobIds()).toEqual([]);
});

test("a plan may begin with a job that has proven its image", async () => {
  const old = await fleet.publish({ to: ["pump-9"], fwVersion: "1.4.0" });
  await plan([stage("canary")], { publish: undefined, from: old.jobId });
  expect(await refused(1)).toMatch(/has not proven its image.*\(JOB_NOT_PROVEN\)/);
  await fleet.report("pump-9", old.jobId, "SUCCEEDED");
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  expect(await rollout(0)).toMatchObject({ state: "done" });
});

test("a job of another purpose is not taken for a stage", async () => {
  await plan([stage("canary")]);
  const { stages } = await rollout(0, "--dry-run");
  await fleet.publish({ to: ["pump-9"], jobId: stages[0]?.jobId ?? "" });
  expect(await refused(1)).toMatch(/exists and is not stage canary of rollout pumps \(JOB_EXISTS\)/);
});

test("a stage whose tags were removed is not taken for a changed plan, and the hint puts them back", async () => {
  await plan([stage("canary"), stage("beta")]);
  await rollout(75, "--once");
  const { jobArn: resourceArn = "" } = await jobOf("canary");
  const keys = ["fota:rollout", "fota:stage", "fota:firmware", "fota:plan"];
  for (const tagKeys of [["fota:plan"], ["fota:firmware", "fota:stage"], keys]) {
    await fleet.iot.send(new UntagResourceCommand({ resourceArn, tagKeys }));
    const stderr = await refused(1, "--status");
    if (tagKeys !== keys) expect(stderr).toContain(`lost its tag${tagKeys.length > 1 ? "s" : ""} fota:`);
    const [, arn, json = ""] = /aws iot tag-resource --resource-arn (\S+) --tags '(.+)'/.exec(stderr) ?? [];
    expect(arn).toBe(resourceArn);
    const tags: { Key: string; Value: string }[] = JSON.parse(json);
    expect(tags.map(({ Key }) => Key).sort()).toEqual([...tagKeys].sort());
    await fleet.iot.send(new TagResourceCommand({ resourceArn, tags }));
    expect(await rollout(0, "--status")).toMatchObject({ state: "in progress", stage: "canary" });
  }
});

test("a group that became empty before its stage starts is an error with the name of the stage", async () => {
  await plan([stage("canary"), stage("beta")]);
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  for (const thingName of GROUPS.beta) {
    await fleet.iot.send(new RemoveThingFromThingGroupCommand({ thingGroupName: "beta", thingName }));
  }
  expect(await refused(1, "--once")).toMatch(/stage beta: there is no thing in group:beta \(GROUP_EMPTY\)/);
});

test("targets of a stage may be queries of the fleet index", async () => {
  await fleet.iot.send(
    new UpdateIndexingConfigurationCommand({
      thingIndexingConfiguration: { thingIndexingMode: "REGISTRY" },
    }),
  );
  await plan([
    { name: "canary", to: ["query:thingName:pump-0"] },
    { name: "beta", to: ["query:thingName:(pump-1 OR pump-2)"] },
  ]);
  const dry = await rollout(0, "--dry-run");
  expect(dry.stages.map(({ plan: planned }) => planned?.things)).toEqual([1, 2]);
  const groups = async () => (await fleet.iot.send(new ListThingGroupsCommand({}))).thingGroups ?? [];
  expect(await groups()).toHaveLength(3);
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  expect(await rollout(75, "--once")).toMatchObject({ stage: "beta" });
  await report("beta", "SUCCEEDED");
  expect(await rollout(0, "--once")).toMatchObject({ state: "done" });
  expect((await jobOf("beta")).jobProcessDetails?.numberOfSucceededThings).toBe(2);
});

test("Ctrl-C leaves the job as it is and says how to continue", async () => {
  await plan([stage("canary")]);
  const interrupt = new AbortController();
  const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
  const running = runFota(["rollout", "plan.json", ...reach], { cwd: folder, signal: interrupt.signal });
  await expect.poll(jobIds).toHaveLength(1);
  interrupt.abort();
  const { code, stderr } = await running;
  expect(code).toBe(130);
  expect(stderr).toMatch(/continue; run\s+`fota rollout plan\.json --endpoint-url/);
  expect(await jobOf("canary")).toMatchObject({ status: "IN_PROGRESS" });
});

test("each stage installs the same version of a software package, which the first one makes", async () => {
  await plan([stage("canary"), stage("beta")], {
    publish: { image: "app.bin", slot: 1, bucket: BUCKET, fwVersion: "1.4.0", package: "pump-firmware" },
  });
  await rollout(75, "--once");
  await report("canary", "SUCCEEDED");
  await rollout(75, "--once");
  const versions = ["arn:aws:iot:us-east-1:000000000000:package/pump-firmware/version/1.4.0"];
  for (const name of ["canary", "beta"] as const)
    expect((await jobOf(name)).destinationPackageVersions).toEqual(versions);
});

test("the plan of docs/rollout.md runs, with no more rights than its page says", async () => {
  const docs = join(import.meta.dirname, "../../../docs");
  const page = await readFile(join(docs, "rollout.md"), "utf8");
  const [, text = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
  const [, check = ""] = /```sh\n(#!\/bin\/sh\n.*?)```/s.exec(page) ?? [];
  await writeFile(join(folder, "plan.json"), text);
  await writeFile(join(folder, "check.sh"), check, { mode: 0o755 });
  await writeFile(join(folder, "crash-reports"), "#!/bin/sh\necho 2\n", { mode: 0o755 });
  const called = new Set<string>();
  const run = async (code: number) => {
    const args = ["plan.json", "--once", "--local", "--endpoint-url", fleet.local.endpoint, "--debug"];
    const env = { PATH: `${folder}:${process.env["PATH"]}` };
    const ended = await runFota(["rollout", ...args], { cwd: folder, env });
    expect(ended.code, ended.stderr).toBe(code);
    for (const [, call] of ended.stderr.matchAll(/debug: IoT (\w+) at/g)) called.add(`iot:${call}`);
  };
  await run(75);
  await report("canary", "SUCCEEDED");
  await run(75);
  fleet.local.clock.advance(3 * HOUR_MS);
  await run(75);
  await report("beta", "SUCCEEDED");
  fleet.local.clock.advance(13 * HOUR_MS);
  await run(75);
  await report("all", "SUCCEEDED");
  await run(0);

  const operations = await readFile(join(docs, "operations.md"), "utf8");
  const [, json = ""] = /\n### Permissions of a publisher\n.*?```json\n(.*?)```/s.exec(operations) ?? [];
  const { Statement } = JSON.parse(json) as { Statement: { Action: string | string[] }[] };
  const allowed = Statement.flatMap(({ Action }) => Action);
  expect([...called].filter((action) => !allowed.includes(action))).toEqual([]);
  expect([...called]).toContain("iot:ListTagsForResource");
});
