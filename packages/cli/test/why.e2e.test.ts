import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  CancelJobCommand,
  CancelJobExecutionCommand,
  CreateJobCommand,
  CreatePolicyCommand,
  CreateThingGroupCommand,
  DeleteThingCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  RemoveThingFromThingGroupCommand,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { explanationSchema } from "../src/why/result.js";
import { BUCKET } from "./fleet.js";
import { runFota } from "./in-process.js";
import { roleAnswer, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";
import { startWhyFleet, type WhyFleet } from "./why-fleet.js";

let fleet: WhyFleet;

beforeAll(async () => {
  fleet = await startWhyFleet();
});
afterAll(() => fleet.stop());
afterEach(() => {
  fleet.local.faults.clear();
});

const inHours = (hours: number) =>
  new Date(fleet.local.clock.nowMs() + hours * 3_600_000).toISOString().slice(0, 16);

async function group(name: string, ...things: string[]): Promise<void> {
  await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: name }));
  for (const thingName of things)
    await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: name, thingName }));
}

describe("a job that has not reached the thing", () => {
  test("is scheduled for later", async () => {
    await fleet.createJob("later", ["pump-0"], {
      schedulingConfig: { startTime: inHours(5), endTime: inHours(9) },
    });
    expect(await fleet.why("later", "pump-0")).toMatchObject({ cause: "job-scheduled" });
    expect(await fleet.why("later")).toMatchObject({ cause: "job-scheduled", thing: null });
    expect(await fleet.whyText(["later"])).toContain("starts in 5 h");
  });

  test("waits for its maintenance window, and the next one is named", async () => {
    await group("windowed", "pump-1");
    const hour = new Date(fleet.local.clock.nowMs() + 3 * 3_600_000).getUTCHours();
    await fleet.createJob("windowed", ["group:windowed"], {
      targetSelection: "CONTINUOUS",
      schedulingConfig: {
        maintenanceWindows: [{ startTime: `cron(0 ${hour} ? * * *)`, durationInMinutes: 30 }],
      },
    });
    const found = await fleet.why("windowed", "pump-1");
    expect(found.cause).toBe("outside-window");
    expect(found.explanation).toMatch(/the next one opens at 20\d\d-.* UTC/);
    expect((await fleet.why("windowed")).cause).toBe("outside-window");
  });

  test("goes on at its rate, and its turn has not come", async () => {
    await group("slow", "pump-2", "pump-3", "pump-4");
    await fleet.createJob("slow", ["group:slow"], { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } });
    await expect
      .poll(async () => (await fleet.why("slow")).evidence)
      .toContainEqual({ name: "reached", value: "1 thing" });
    const causes = await Promise.all(
      ["pump-2", "pump-3", "pump-4"].map(async (thing) => (await fleet.why("slow", thing)).cause),
    );
    expect(causes.filter((cause) => cause === "rollout-pending")).toHaveLength(2);
    expect((await fleet.why("slow")).also.map(({ cause }) => cause)).toContain("rollout-pending");
  });

  test("had an empty group", async () => {
    await group("empty");
    await fleet.createJob("empty", ["group:empty"]);
    expect(await fleet.why("empty")).toMatchObject({
      cause: "group-empty",
      evidence: [
        { name: "targets", value: "group:empty" },
        { name: "selection", value: "SNAPSHOT" },
      ],
    });
  });

  test("took down the group before the thing joined, which a group below it does too", async () => {
    await group("beta", "pump-5");
    await fleet.createJob("snapshot", ["group:beta"]);
    await fleet.iot.send(new CreateThingGroupCommand({ thingGroupName: "beta-eu", parentGroupName: "beta" }));
    await fleet.iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta-eu", thingName: "pump-6" }));
    expect(await fleet.why("snapshot", "pump-6")).toMatchObject({
      cause: "joined-after-snapshot",
      next: [
        { command: expect.stringMatching(/^fota promote snapshot --to pump-6 --force .*--local/) },
        { command: null },
      ],
    });
  });

  test("is not for it, or there is no such thing", async () => {
    expect(await fleet.why("snapshot", "pump-7")).toMatchObject({
      cause: "not-a-target",
      evidence: [
        { name: "targets", value: "group:beta" },
        { name: "its groups", value: "none" },
      ],
    });
    expect((await fleet.why("snapshot", "pmup-5")).cause).toBe("thing-missing");
  });

  test("came to the end of its schedule before", async () => {
    await group("ending", "pump-2", "pump-3");
    await fleet.createJob("ending", ["group:ending"], {
      schedulingConfig: { startTime: inHours(1), endTime: inHours(2), endBehavior: "CANCEL" },
      jobExecutionsRolloutConfig: { maximumPerMinute: 1 },
    });
    fleet.minutes(61);
    fleet.minutes(120);
    expect((await fleet.why("ending", "pump-2")).cause).toBe("schedule-ended");
    expect((await fleet.why("ending")).cause).toBe("schedule-ended");
  });
});

describe("a thing that has not taken it", () => {
  test("has another job before it", async () => {
    await fleet.device("busy");
    await fleet.createJob("first", ["busy"]);
    await fleet.report("busy", "first", "IN_PROGRESS", { phase: "downloading", percent: "10" });
    fleet.minutes(2);
    await fleet.createJob("second", ["busy"]);
    const found = await fleet.why("second", "busy");
    expect(found).toMatchObject({
      cause: "queued-behind",
      evidence: expect.arrayContaining([{ name: "ahead of it", value: "first IN_PROGRESS" }]),
    });
    expect(found.next[0]?.command).toBe(
      `fota why first --thing busy --endpoint-url ${fleet.local.endpoint} --local`,
    );
    expect(found.next[1]?.command).toMatch(/^fota cancel first --thing busy --force /);
  });

  test("has no certificate", async () => {
    await fleet.createJob("bare", ["pump-8"]);
    expect((await fleet.why("bare", "pump-8")).cause).toBe("no-certificate");
    // Of the job as a whole the thing that waits is looked at.
    const job = await fleet.why("bare");
    expect(job.cause).toBe("things-waiting");
    expect(job.explanation).toMatch(
      /^1 thing waits for job bare, and none is in progress; pump-8 has no cert/,
    );
    expect(job.evidence).toEqual([{ name: "waits", value: "pump-8: no-certificate" }]);
    expect(job.next[0]?.command).toMatch(/^fota why bare --thing pump-8 /);
  });

  test("has a certificate that is inactive, and the command that is advised lets its device connect", async () => {
    const { certificateId } = await fleet.device("barred");
    await fleet.createJob("barred", ["barred"]);
    await fleet.iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }));
    expect(await fleet.why("barred", "barred")).toMatchObject({
      cause: "certificate-inactive",
      next: expect.arrayContaining([
        {
          command: expect.stringContaining(
            `aws iot update-certificate --certificate-id ${certificateId} --new-status ACTIVE`,
          ),
          why: "lets the device connect again",
        },
      ]),
    });
  });

  test("has a certificate without a policy, then one whose policy has no jobs in it", async () => {
    const { certificateArn: target } = await fleet.device("gagged");
    await fleet.createJob("gagged", ["gagged"]);
    await fleet.iot.send(new DetachPolicyCommand({ policyName: "device", target }));
    expect((await fleet.why("gagged", "gagged")).cause).toBe("no-policy");
    const Statement = [{ Effect: "Allow", Action: "iot:Connect", Resource: "*" }];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await fleet.iot.send(new CreatePolicyCommand({ policyName: "telemetry", policyDocument }));
    await fleet.iot.send(new AttachPolicyCommand({ policyName: "telemetry", target }));
    const found = await fleet.why("gagged", "gagged");
    expect(found.cause).toBe("policy-lacks-jobs");
    expect(found.explanation).toContain("iot:Publish on $aws/things/gagged/jobs/gagged/update");
  });

  test("never connected", async () => {
    await fleet.device("new");
    await fleet.createJob("new", ["new"]);
    expect(await fleet.why("new", "new")).toMatchObject({ cause: "thing-offline", also: [] });
    expect(await fleet.whyText(["new", "--thing", "new"])).toMatch(/^new has never connected/);
  });

  test("went offline", async () => {
    await fleet.device("gone");
    await fleet.visit("gone");
    fleet.minutes(90);
    await fleet.createJob("gone", ["gone"]);
    expect(await fleet.whyText(["gone", "--thing", "gone"])).toMatch(
      /^gone has been offline for 9\d min \(CLIENT_INITIATED_DISCONNECT\)/,
    );
  });

  test("will find that the URL has expired, and is warned before it expires", async () => {
    await fleet.device("late");
    await fleet.createJob("late", ["late"]);
    fleet.minutes(60 * 50);
    expect((await fleet.why("late", "late")).also.map(({ cause }) => cause)).toEqual(["url-ends-soon"]);
    fleet.minutes(60 * 30);
    const found = await fleet.why("late", "late");
    expect([found.cause, ...found.also.map(({ cause }) => cause)]).toEqual(["thing-offline", "url-expired"]);
    expect((await fleet.why("late")).cause).toBe("url-expired");
  });

  test("will find no image, or another", async () => {
    await fleet.device("bereft");
    const { key } = await fleet.createJob("bereft", ["bereft"]);
    await fleet.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: "another" }));
    expect((await fleet.why("bereft", "bereft")).cause).toBe("image-replaced");
    await fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
    expect((await fleet.why("bereft", "bereft")).cause).toBe("image-gone");
    expect((await fleet.why("bereft")).cause).toBe("image-gone");
  });
});

describe("a thing that took it", () => {
  test("is in progress", async () => {
    await fleet.createJob("well", ["pump-9"]);
    const details = { phase: "downloading", percent: "40", bytes: "400", totalBytes: "1000" };
    await fleet.report("pump-9", "well", "IN_PROGRESS", details);
    const found = await fleet.why("well", "pump-9");
    expect(found).toMatchObject({ cause: "in-progress", also: [] });
    expect(found.evidence).toContainEqual({ name: "downloaded", value: "400 B of 1000 B" });
    expect((await fleet.why("well")).cause).toBe("in-progress");
    const detail = "beforeDownload deferred the update for 60 s: metered link";
    await fleet.report("pump-9", "well", "IN_PROGRESS", { phase: "starting", detail });
    const { explanation } = await fleet.why("well");
    expect(explanation).toContain(`; pump-9 reports: ${detail}`);
    expect(explanation).not.toContain("well:");
  });

  test("is silent, and never times out unless a timeout is set; then it does", async () => {
    await fleet.device("mute");
    await fleet.createJob("mute", ["mute"]);
    await fleet.report("mute", "mute", "IN_PROGRESS", { phase: "trial" });
    await fleet.device("mute-2");
    await fleet.createJob("mute-2", ["mute-2"], { timeoutConfig: { inProgressTimeoutInMinutes: 60 } });
    await fleet.report("mute-2", "mute-2", "IN_PROGRESS", { phase: "trial" });
    fleet.minutes(45);
    const [endless, timed] = [await fleet.why("mute", "mute"), await fleet.why("mute-2", "mute-2")];
    expect(endless).toMatchObject({
      cause: "silent",
      explanation: expect.stringContaining("never times out"),
    });
    expect(timed.explanation).toMatch(/last phase trial; it times out in 1[45] min/);
    fleet.minutes(16);
    const ended = await fleet.why("mute-2", "mute-2");
    expect(ended.cause).toBe("timed-out");
    expect(ended.explanation).toMatch(/the job's timeout of 60 min ran out, last phase trial/);
    expect(await fleet.why("mute-2")).toMatchObject({ cause: "things-failed", reason: null });
  });

  test("tries again after a failure", async () => {
    await fleet.createJob("again", ["pump-7"], {
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] },
    });
    await fleet.report("pump-7", "again", "FAILED", { reason: "download-failed", phase: "downloading" });
    const found = await fleet.why("again", "pump-7");
    expect(found.also).toContainEqual({
      cause: "retried",
      explanation: expect.stringMatching(
        /attempt 2 on pump-7; the previous one ended FAILED with download-failed/,
      ),
    });
    await fleet.report("pump-7", "again", "FAILED", { reason: "download-failed", phase: "downloading" });
    expect((await fleet.why("again", "pump-7")).evidence).toContainEqual({
      name: "attempts",
      value: "2, none is left",
    });
  });
});

describe("an end with a cause, by the real agent", () => {
  test("an image that runs", async () => {
    await fleet.device("good");
    await fleet.createJob("good", ["good"]);
    await fleet.runDevice("good", "good", "SUCCEEDED");
    expect(await fleet.why("good", "good")).toMatchObject({
      cause: "succeeded",
      explanation: expect.stringMatching(/succeeded at .* UTC: it runs /),
    });
    expect((await fleet.why("good")).cause).toBe("succeeded");
  });

  test.each([
    ["boot", "invalid fota", "crashed, hung or lost power on trial"],
    ["self-test", "self-test-failed", "self test"],
  ] as const)("an image that fails on trial (%s): %s", async (fail, reason, words) => {
    await fleet.device(`bad-${fail}`);
    await fleet.createJob(`bad-${fail}`, [`bad-${fail}`]);
    await fleet.runDevice(`bad-${fail}`, `bad-${fail}`, "FAILED", fail);
    const found = await fleet.why(`bad-${fail}`, `bad-${fail}`);
    expect(found).toMatchObject({ cause: "failed", reason });
    expect(found.explanation).toContain(words);
    expect(found.evidence.map(({ name }) => name)).not.toContain("firmware");
  });

  test("an image that was replaced by one of its size, or taken away", async () => {
    await fleet.device("cheated");
    const { key } = await fleet.createJob("cheated", ["cheated"]);
    const other = Buffer.from("image of cheatex ".repeat(200));
    await fleet.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: other }));
    await fleet.runDevice("cheated", "cheated", "FAILED");
    const found = await fleet.why("cheated", "cheated");
    expect(found).toMatchObject({ cause: "failed", reason: "digest-mismatch" });
    expect(found.evidence.map(({ name }) => name)).toEqual(expect.arrayContaining(["expected", "actual"]));

    await fleet
      .createJob("taken", ["cheated"])
      .then(({ key: own }) => fleet.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: own })));
    await fleet.runDevice("cheated", "taken", "FAILED");
    expect(await fleet.why("taken", "cheated")).toMatchObject({ cause: "failed", reason: "image-gone" });
  });
});

test.each([
  ["wrong-model", "bc_model is not the device's model"],
  ["version-too-low", "bc_min is above"],
  ["downgrade", "refuses older versions"],
  ["order-expired", "bc_exp had passed"],
  ["signature-invalid", "not enough keys that the device trusts"],
  ["host-refused", "allowedHosts"],
  ["url-refused", "400, 401 or 403"],
  ["download-failed", "no progress"],
  ["slot-failed", "could not be erased"],
])("FAILED with %s is explained as the device guide does", async (reason, words) => {
  const jobId = `failed-${reason}`;
  await fleet.createJob(jobId, ["pump-0"]);
  await fleet.report("pump-0", jobId, "FAILED", { reason, detail: "its words", phase: "starting" });
  const found = await fleet.why(jobId, "pump-0");
  expect(found).toMatchObject({ cause: "failed", reason });
  expect(found.explanation).toContain(words);
  expect(found.explanation).toContain("(its words)");
  const job = await fleet.why(jobId);
  expect(job).toMatchObject({ cause: "things-failed", reason });
});

test("REJECTED is its owner's no", async () => {
  await fleet.createJob("refused", ["pump-1"]);
  await fleet.report("pump-1", "refused", "REJECTED", { reason: "refused", detail: "night shift" });
  expect(await fleet.why("refused", "pump-1")).toMatchObject({ cause: "rejected", reason: "refused" });
});

test.each([
  ["bad fota data", "the slot is the running one"],
  ["invalid fota", "a download that broke or was refused"],
])("the original library's %s is explained as that library means it", async (reason, words) => {
  const jobId = `legacy-${reason.slice(0, 3)}`;
  await fleet.createJob(jobId, ["pump-2"]);
  await fleet.report("pump-2", jobId, "FAILED", { reason });
  const { evidence } = await fleet.why(jobId, "pump-2");
  expect(evidence).toContainEqual({ name: "firmware", value: expect.stringContaining(words) });
});

test("words that nobody knows, and none, are reported as such", async () => {
  await fleet.createJob("other-words", ["pump-3"]);
  await fleet.report("pump-3", "other-words", "FAILED", { reason: "E42" });
  expect((await fleet.why("other-words", "pump-3")).explanation).toContain('it reported "E42"');
  await fleet.createJob("no-words", ["pump-3"]);
  await fleet.report("pump-3", "no-words", "FAILED");
  expect((await fleet.why("no-words", "pump-3")).explanation).toContain("it reported no cause");
});

describe("a job that was taken back", () => {
  test("by its abort rule, with the counts", async () => {
    await fleet.createJob("aborted", ["pump-0", "pump-1", "pump-2", "pump-3", "pump-4", "pump-5"], {
      abortConfig: {
        criteriaList: [
          { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 50, minNumberOfExecutedThings: 2 },
        ],
      },
    });
    for (const thing of ["pump-0", "pump-1"])
      await fleet.report(thing, "aborted", "FAILED", { reason: "self-test-failed" });
    const found = await fleet.why("aborted");
    expect(found.cause).toBe("job-aborted");
    expect(found.explanation).toMatch(/2 of 2 finished executions ended FAILED, all with self-test-failed/);
    expect((await fleet.why("aborted", "pump-2")).cause).toBe("job-aborted");
    expect((await fleet.why("aborted", "pump-0")).cause).toBe("failed");
  });

  test("by somebody, whose reason is reported; or from one thing alone", async () => {
    await fleet.createJob("recalled", ["pump-3", "pump-4"]);
    await fleet.iot.send(new CancelJobExecutionCommand({ jobId: "recalled", thingName: "pump-4" }));
    expect((await fleet.why("recalled", "pump-4")).cause).toBe("canceled");
    await fleet.iot.send(
      new CancelJobCommand({ jobId: "recalled", reasonCode: "BAD_BUILD", comment: "no radio", force: true }),
    );
    for (const thing of ["pump-3", undefined]) {
      const found = await fleet.why("recalled", thing);
      expect(found.cause).toBe("job-canceled");
      expect(found.explanation).toContain("BAD_BUILD, no radio");
    }
  });

  test("from a thing that left the group, or was deleted", async () => {
    await group("leaving", "pump-5");
    await fleet.device("scrapped");
    await fleet.iot.send(
      new AddThingToThingGroupCommand({ thingGroupName: "leaving", thingName: "scrapped" }),
    );
    await fleet.createJob("leaving", ["group:leaving"]);
    await fleet.iot.send(
      new RemoveThingFromThingGroupCommand({ thingGroupName: "leaving", thingName: "pump-5" }),
    );
    expect(await fleet.why("leaving", "pump-5")).toMatchObject({
      cause: "removed",
      explanation: expect.stringContaining("it left the group"),
    });
  });
});

test("a thing that was deleted is told from one that left its group", async () => {
  const { certificateArn } = await fleet.device("deleted");
  await fleet.createJob("deleted", ["deleted"]);
  await fleet.iot.send(new DetachThingPrincipalCommand({ thingName: "deleted", principal: certificateArn }));
  await fleet.iot.send(new DeleteThingCommand({ thingName: "deleted" }));
  expect((await fleet.why("deleted", "deleted")).explanation).toContain("the thing was deleted");
});

test("a job of another kind, and one that devices refuse, are reported as such", async () => {
  const targets = ["arn:aws:iot:us-east-1:000000000000:thing/pump-0"];
  await fleet.iot.send(
    new CreateJobCommand({ jobId: "reboot", targets, document: '{"operation":"reboot"}' }),
  );
  await fleet.iot.send(new CreateJobCommand({ jobId: "broken", targets, document: '{"operation":"fota"}' }));
  expect((await fleet.why("reboot", "pump-0")).cause).toBe("not-fota-job");
  const { cause, next } = await fleet.why("reboot");
  expect(cause).toBe("not-fota-job");
  expect(next.map(({ command }) => command)).toEqual([
    expect.stringContaining("fota status reboot --things"),
    expect.stringContaining("aws iot get-job-document"),
  ]);
  expect((await fleet.why("broken")).explanation).toContain("bc_idx is missing");
});

test("the biggest group of failures comes first", async () => {
  await fleet.createJob("mixed", ["pump-0", "pump-1", "pump-2", "pump-3"]);
  await fleet.report("pump-0", "mixed", "FAILED", { reason: "slot-failed" });
  for (const thing of ["pump-1", "pump-2"])
    await fleet.report(thing, "mixed", "FAILED", { reason: "url-refused" });
  const found = await fleet.why("mixed");
  expect(found).toMatchObject({ cause: "things-failed", reason: "url-refused" });
  expect(found.explanation).toMatch(/^3 of 4 executions failed/);
  expect(found.evidence.slice(0, 2).map(({ name }) => name)).toEqual(["2×", "1×"]);
  expect(found.next[0]?.command).toMatch(/^fota why mixed --thing pump-[12] /);
});

test.each([
  ["GET", "/things/unseen/principals", "iot:ListThingPrincipals"],
  ["POST", "/things/unseen/connectivity-data", "iot:GetThingConnectivityData"],
  ["POST", "/effective-policies", "iot:GetEffectivePolicies"],
  ["GET", "/things/unseen/jobs", "iot:ListJobExecutionsForThing"],
])("without %s %s the rest is explained, and %s is named", async (method, path, action) => {
  await fleet.device("unseen").catch(() => undefined);
  await fleet.createJob(`unseen-${action.slice(4)}`, ["unseen"]);
  fleet.refuse(method, path);
  const { unknown } = await fleet.why(`unseen-${action.slice(4)}`, "unseen");
  expect(unknown).toEqual([expect.stringContaining(action)]);
});

test("of a job as a whole only the job must be readable", async () => {
  await fleet.createJob("shy", ["pump-0", "pump-1"]);
  await fleet.report("pump-0", "shy", "FAILED", { reason: "slot-failed" });
  for (const path of ["/jobs/shy/things", "/things/pump-0/jobs/shy", "/things/pump-1/jobs/shy"]) {
    fleet.refuse("GET", path);
  }
  const { cause, explanation, unknown } = await fleet.why("shy");
  expect([cause, explanation]).toEqual(["things-failed", "1 of 2 executions failed, cause unknown"]);
  expect(unknown).toEqual([expect.stringContaining("iot:ListJobExecutionsForJob")]);
});

test("a role that AWS IoT cannot assume to presign is reported, and so is a missing one", async () => {
  const aws = await startScriptedAws();
  try {
    await fleet.device("signed");
    const presignedUrlConfig = { roleArn: "arn:aws:iam::000000000000:role/fota", expiresInSec: 3600 };
    await fleet.createJob("signed", ["signed"], { presignedUrlConfig });
    stubEnvironment({
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: fleet.local.endpoint,
      AWS_ENDPOINT_URL_IAM: aws.endpoint,
    });
    const ask = async () => {
      const args = ["why", "signed", "--thing", "signed", "--json"];
      const { stdout } = await runFota(args, { cwd: fleet.folder });
      return v.parse(explanationSchema, JSON.parse(stdout));
    };
    aws.faults.set("GetRole", { body: roleAnswer("ec2.amazonaws.com") });
    const distrusting = await ask();
    expect(distrusting.cause).toBe("role-unusable");
    expect(distrusting.explanation).toContain("does not trust AWS IoT");
    aws.faults.set("GetRole", { status: 404, error: "NoSuchEntity" });
    expect((await ask()).explanation).toContain('there is no role "fota"');
    aws.faults.set("GetRole", { status: 403, error: "AccessDenied" });
    const unseen = await ask();
    expect(unseen.cause).toBe("thing-offline");
    expect(unseen.unknown).toEqual([expect.stringContaining("was not checked")]);
    aws.faults.clear();
    expect(await ask()).toMatchObject({ cause: "thing-offline", unknown: [] });
  } finally {
    vi.unstubAllEnvs();
    await aws.stop();
  }
});

test("there is no such job", async () => {
  const { code, stderr } = await fleet.fota(["why", "nothing"]);
  expect(code).toBe(1);
  expect(stderr).toContain("(JOB_NOT_FOUND)");
});
