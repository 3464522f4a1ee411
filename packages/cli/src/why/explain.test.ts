import { commandLine, JOB_EXECUTION_STATUSES, JOB_STATUSES, type JobExecutionStatus } from "@fota/shared";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import type { JobDescription } from "../aws/jobs.js";
import { explain } from "./explain.js";
import type { Facts, ThingFacts } from "./facts.js";
import { sayAt } from "./say.js";

const NOW = new Date("2026-11-24T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const say = sayAt(NOW, {
  absolute: false,
  fota: (...command) => commandLine(command, ["--region", "x"]),
  access: {} as never,
  publish: {},
});

function jobOf(more: Partial<JobDescription> = {}, counts: Partial<JobDescription["counts"]> = {}) {
  return {
    jobId: "j",
    jobArn: "arn:aws:iot:x:1:job/j",
    status: "IN_PROGRESS",
    continuous: false,
    targetArns: ["arn:aws:iot:x:1:thing/t"],
    pendingTargets: 0,
    nextWindows: [],
    forceCanceled: false,
    ...more,
    counts: { ...NO_COUNTS, ...counts },
  } as unknown as JobDescription;
}

function factsOf(job: JobDescription, more: Partial<Facts> = {}): Facts {
  const document = {} as never;
  const nothing = {
    queries: {},
    unreached: undefined,
    urlEnd: undefined,
    signedAhead: undefined,
    image: undefined,
    roleFault: undefined,
    failedThing: undefined,
    thing: undefined,
  };
  return {
    job,
    decoded: { kind: "order", document },
    ...nothing,
    abort: [],
    failures: [],
    detailed: [],
    unknown: [],
    ...more,
  };
}

function thingOf(status: JobExecutionStatus | undefined, more: Partial<ThingFacts> = {}): ThingFacts {
  const times = { queuedAt: ago(60), startedAt: ago(30), lastUpdatedAt: ago(1) };
  const execution = {
    thing: "t",
    status: status as JobExecutionStatus,
    executionNumber: 1,
    ...times,
    details: {},
    forceCanceled: false,
    versionNumber: 1,
    secondsLeft: undefined,
  };
  return {
    thing: "t",
    exists: true,
    execution: status === undefined ? undefined : execution,
    report: {},
    tries: 1,
    before: undefined,
    ahead: [],
    groups: [],
    certificates: undefined,
    connectivity: undefined,
    ...more,
  };
}

const ofThing = (thing: ThingFacts, facts: Partial<Facts> = {}, job = jobOf({}, { queued: 1 })) =>
  explain(factsOf(job, { ...facts, thing }), "t", say);
const causesOf = ({ cause, also }: ReturnType<typeof explain>) => [cause, ...also.map((each) => each.cause)];

test("what stands in the way first is the answer, and what comes after it is reported beside", () => {
  const everything = {
    ahead: [{ jobId: "other", status: "QUEUED", executionNumber: 1 } as never],
    connectivity: { connected: false, since: ago(90), disconnectReason: "CONNECTION_LOST" },
  };
  const facts = { urlEnd: ago(5), image: { object: { bucket: "b", key: "k" }, state: "missing" } as const };
  const found = ofThing(thingOf("QUEUED", everything), facts);
  expect(causesOf(found)).toEqual(["queued-behind", "image-gone", "thing-offline", "url-expired"]);
  expect(found.next[0]).toEqual({
    command: "fota why other --thing t --region x",
    why: "explains what delays that job",
  });
});

test.each([
  [1, "lists them first, and this one after them"],
  [9, "lists them first, and this one after them"],
  [10, "lists only the first 10 to the device, which sees this one when 1 of them has ended"],
  [12, "lists only the first 10 to the device, which sees this one when 3 of them have ended"],
])("%i jobs before it: AWS IoT %s", (count, means) => {
  const ahead = Array.from({ length: count }, (_, i) => ({ jobId: `o${i}`, status: "QUEUED" }) as never);
  const { cause, explanation } = ofThing(thingOf("QUEUED", { ahead }));
  expect(cause).toBe("queued-behind");
  expect(explanation).toContain(means);
  expect(explanation).not.toMatch(/at a time/);
});

test("a device that may not connect is not told to be offline besides", () => {
  const connectivity = { connected: false, since: undefined, disconnectReason: undefined };
  expect(causesOf(ofThing(thingOf("QUEUED", { certificates: [], connectivity })))).toEqual([
    "no-certificate",
  ]);
});

test.each([
  ["ACTIVE", ["p"], [], "waiting"],
  ["ACTIVE", ["p"], ["iot:Connect"], "policy-lacks-jobs"],
  ["ACTIVE", [], [], "no-policy"],
  ["ACTIVE", undefined, [], "waiting"],
  ["REVOKED", undefined, [], "certificate-inactive"],
  ["UNKNOWN", undefined, [], "waiting"],
])("a certificate that is %s with policies %j lacking %j: %s", (status, policies, missing, cause) => {
  const certificates = [{ certificateId: "c", status, policies, missing }];
  expect(ofThing(thingOf("QUEUED", { certificates })).cause).toBe(cause);
});

test("one certificate that is good is enough", () => {
  const old = { certificateId: "c", status: "INACTIVE", policies: undefined, missing: [] };
  const lacking = { certificateId: "e", status: "ACTIVE", policies: ["q"], missing: ["iot:Connect"] };
  const good = { certificateId: "d", status: "ACTIVE", policies: ["p"], missing: [] };
  const causeOf = (...certificates: ThingFacts["certificates"] & object) =>
    ofThing(thingOf("QUEUED", { certificates })).cause;
  expect(causeOf(old, lacking, good)).toBe("waiting");
  expect(causeOf(old, lacking)).toBe("policy-lacks-jobs");
  expect(causeOf(old, { ...good, policies: [] })).toBe("no-policy");
});

test("whether a device that waits is online is reported, or that AWS does not say", () => {
  const online = { connected: true, since: ago(9), disconnectReason: "NONE" };
  expect(ofThing(thingOf("QUEUED", { connectivity: online })).explanation).toMatch(
    /^t is connected and has not/,
  );
  const unsaid = ofThing(thingOf("QUEUED"));
  expect(unsaid.explanation).toMatch(/AWS IoT does not know whether it is online$/);
  expect(unsaid.next.at(-1)?.why).toContain("thingConnectivityIndexingMode=STATUS");
});

test("a device that downloads may be offline, one that is silent may not", () => {
  const offline = { connected: false, since: ago(40), disconnectReason: "CLIENT_INITIATED_DISCONNECT" };
  const report = { phase: "downloading", percent: 40 } as const;
  const job = jobOf({}, { inProgress: 1 });
  const busy = thingOf("IN_PROGRESS", { connectivity: offline, report });
  expect(causesOf(ofThing(busy, {}, job))).toEqual(["in-progress"]);
  const { execution } = busy;
  const mute = {
    ...busy,
    execution: execution && { ...execution, lastUpdatedAt: ago(20), secondsLeft: 600 },
  };
  expect(causesOf(ofThing(mute, {}, job))).toEqual(["silent", "thing-offline"]);
  expect(ofThing(mute, {}, job).explanation).toBe(
    "t started job j and has reported nothing for 20 min, last phase downloading 40 %; it times out in 10 min",
  );
});

test("an image that is downloaded already is not missed", () => {
  const image = { object: { bucket: "b", key: "k" }, state: "missing" } as const;
  const job = jobOf({}, { inProgress: 1 });
  const phases = (["downloading", "trial"] as const).map((phase) =>
    causesOf(ofThing(thingOf("IN_PROGRESS", { report: { phase } }), { image }, job)),
  );
  expect(phases).toEqual([["in-progress", "image-gone"], ["in-progress"]]);
});

test("whose timer it was is told by how long it took", () => {
  const job = jobOf({ timeoutConfig: { inProgressTimeoutInMinutes: 29 } }, { timedOut: 1 });
  expect(ofThing(thingOf("TIMED_OUT"), {}, job).explanation).toContain("the job's timeout of 29 min");
  const longer = jobOf({ timeoutConfig: { inProgressTimeoutInMinutes: 90 } }, { timedOut: 1 });
  expect(ofThing(thingOf("TIMED_OUT"), {}, longer).explanation).toContain("the device set for a step");
});

test("a job that somebody canceled with a reason of his own is not taken for aborted", () => {
  const abort = [
    {
      failureType: "FAILED",
      thresholdPercent: 50,
      minEnded: 1,
      failures: 1,
      ended: 1,
      percent: 100,
      met: true,
    },
  ];
  const causeOf = (reasonCode: string | undefined) =>
    explain(factsOf(jobOf({ status: "CANCELED", reasonCode }, { failed: 1 }), { abort }), undefined, say)
      .cause;
  expect(["BAD_BUILD", "ABORT_CRITERIA_MET", undefined].map(causeOf)).toEqual([
    "job-canceled",
    "job-aborted",
    "job-aborted",
  ]);
});

test.each([
  [{ canceled: 3 }, "no"],
  [{ canceled: 3, inProgress: 1 }, "no: things in progress continue"],
  [{ canceled: 3, succeeded: 1 }, "no"],
])("a job canceled without force, with %j: %s", (counts, forced) => {
  const { evidence } = explain(factsOf(jobOf({ status: "CANCELED" }, counts)), undefined, say);
  expect(evidence).toContainEqual(expect.objectContaining({ name: "forced", value: forced }));
});

test("few failures among many are reported beside a job that goes on", () => {
  const failures = [{ status: "FAILED", reason: "slot-failed", count: 1, things: ["t"] } as const];
  const causes = (counts: Partial<JobDescription["counts"]>) =>
    causesOf(
      explain(
        factsOf(jobOf({}, counts), { failures: failures.map((each) => ({ ...each, things: ["t"] })) }),
        undefined,
        say,
      ),
    );
  expect(causes({ failed: 1, succeeded: 99, inProgress: 20 })).toEqual(["in-progress", "things-failed"]);
  expect(causes({ failed: 1, succeeded: 5, inProgress: 20 })).toEqual(["things-failed", "in-progress"]);
});

test("of a job with one thing, the cause and the detail are those of the thing", () => {
  const failures = [{ status: "FAILED" as const, reason: "wrong-model", count: 1, things: ["t"] }];
  const report = {
    reason: "wrong-model",
    detail: "for another model",
    expected: "v2",
    actual: "v1",
  } as const;
  const failedThing = thingOf("FAILED", { report });
  const whole = (counts: Partial<JobDescription["counts"]>) =>
    explain(factsOf(jobOf({ status: "COMPLETED" }, counts), { failures, failedThing }), undefined, say);
  const { cause, reason, explanation, evidence, next } = whole({ failed: 1 });
  expect({ cause, reason }).toEqual({ cause: "things-failed", reason: "wrong-model" });
  expect(explanation).toBe(
    "t failed 60 s ago, wrong-model: bc_model is not the device's model (for another model)",
  );
  expect(evidence).toContainEqual({ name: "actual", value: "v1" });
  expect(next.map(({ command }) => command)).toEqual([
    "fota publish <image> --model v1 --to t --region x",
    null,
  ]);
  expect(whole({ failed: 1, succeeded: 2 }).explanation).toMatch(
    /^1 of 3 executions failed: t failed 60 s ago, wrong-model: /,
  );
});

test("only of several causes one is the most frequent", () => {
  const some = (reason: string, count: number) => ({
    status: "FAILED" as const,
    reason,
    count,
    things: ["t"],
  });
  const sentence = (...failures: Facts["failures"]) =>
    explain(factsOf(jobOf({ status: "COMPLETED" }, { failed: 3 }), { failures }), undefined, say).explanation;
  expect(sentence(some("slot-failed", 3))).toMatch(/^3 of 3 executions failed, all with slot-failed: /);
  expect(sentence(some("slot-failed", 2), some("downgrade", 1))).toMatch(
    /^3 of 3 executions failed, most often slot-failed: /,
  );
  expect(sentence(some("slot-failed", 1), some("downgrade", 1), some("refused", 1))).toMatch(
    /^3 of 3 executions failed, for several causes, such as slot-failed: /,
  );
});

test.each([
  ["download-failed", true],
  ["url-refused", true],
  ["bad fota data", false],
  ["wrong-model", false],
  ["signature-invalid", false],
] as const)("why advises a retry of %s: %s", (reason, retries) => {
  const { next } = ofThing(thingOf("FAILED", { report: { reason } }), {}, jobOf({}, { failed: 1 }));
  expect(next.some(({ command }) => command?.startsWith("fota retry"))).toBe(retries);
  expect(next.some(({ command }) => command !== null)).toBe(true);
});

test("what was not looked at of many failures is reported", () => {
  const failures = [{ status: "FAILED" as const, reason: "slot-failed", count: 25, things: ["t"] }];
  const sentence = (more: Partial<Facts>) =>
    explain(factsOf(jobOf({ status: "COMPLETED" }, { failed: 900 }), more), undefined, say).explanation;
  expect(sentence({ failures })).toMatch(
    /^900 of 900 executions failed, all 25 that were looked at with slot-failed: /,
  );
  expect(sentence({})).toBe("900 of 900 executions failed, cause unknown");
});

test.each([
  ["QUEUED", {}, "rollout-pending"],
  ["UNKNOWN", {}, "rollout-pending"],
  ["IN_PROGRESS", {}, "rollout-pending"],
  ["IN_PROGRESS", { continuous: true }, "group-empty"],
  ["COMPLETED", {}, "group-empty"],
  ["DELETION_IN_PROGRESS", {}, "job-deleted"],
])("a job that is %s %j and has no thing: %s", (status, more, cause) => {
  expect(explain(factsOf(jobOf({ status, ...more })), undefined, say).cause).toBe(cause);
});

test("a status that AWS does not know is reported as such", () => {
  expect(ofThing(thingOf("PAUSED" as JobExecutionStatus)).explanation).toContain(
    "PAUSED on t, which is not a status",
  );
});

test("groups that cannot be read make no thing one that is no target", () => {
  const grouped = jobOf({ targetArns: ["arn:aws:iot:x:1:thinggroup/g"] }, { succeeded: 1 });
  expect(ofThing(thingOf(undefined, { groups: undefined }), {}, grouped).cause).toBe("rollout-pending");
  expect(ofThing(thingOf(undefined, { groups: [] }), {}, grouped).cause).toBe("not-a-target");
});

test("a thing that is a target itself did not join later: its execution is to come, or was deleted", () => {
  const causeOf = (status: string) =>
    ofThing(thingOf(undefined), {}, jobOf({ status }, { succeeded: 1 })).cause;
  expect(["IN_PROGRESS", "COMPLETED"].map(causeOf)).toEqual(["rollout-pending", "removed"]);
});

test("a rollout that goes on is not late for the thing that waits already", () => {
  const job = jobOf({ pendingTargets: 1 }, { queued: 1 });
  const { also } = explain(factsOf(job, { thing: thingOf("QUEUED") }), undefined, say);
  expect(also[0]?.explanation).toMatch(/^the rollout has not reached all things yet: at AWS IoT's own rate/);
});

test("every state has an explanation, of a thing and of the job", () => {
  const counts = Object.keys(NO_COUNTS).map((key) => ({ [key]: 2 }));
  for (const status of [...JOB_STATUSES, "QUEUED"]) {
    for (const count of [{}, ...counts]) {
      const job = jobOf({ status }, count);
      expect(explain(factsOf(job), undefined, say).explanation).not.toMatch(/undefined|NaN|Invalid/);
      for (const of of [...JOB_EXECUTION_STATUSES, undefined]) {
        expect(ofThing(thingOf(of), {}, job).explanation).not.toMatch(/undefined|NaN|Invalid/);
      }
    }
  }
});

test("what is advised twice is reported once", () => {
  const found = ofThing(thingOf("QUEUED"), {
    unknown: ["a", "a"],
    urlEnd: new Date(NOW.getTime() + 3_600_000),
  });
  expect(found.unknown).toEqual(["a"]);
  expect(causesOf(found)).toEqual(["waiting", "url-ends-soon"]);
});

test("a patch that did not work is told beside the outcome", () => {
  const via = "whole:url-refused" as const;
  const facts = {
    ...factsOf(jobOf()),
    thing: thingOf("SUCCEEDED", { report: { via, fetchedBytes: 2_048 } }),
  };
  expect(explain(facts, "t", say)).toMatchObject({
    cause: "succeeded",
    evidence: [{ name: "downloaded", value: "whole, because the patch did not work (url-refused), 2.0 KiB" }],
    also: [
      {
        cause: "patch-unused",
        explanation: expect.stringMatching(
          /^t downloaded the whole image, because the patch did not work: url-refused: /,
        ),
      },
    ],
  });
});

test("a job whose devices defer it is not called well, and their words are reported", () => {
  const deferral = "beforeDownload deferred the update for 60 s: metered link";
  const explained = (...things: string[]) => {
    const detailed = things.map((thing) => ({ thing, detail: deferral }));
    return explain(factsOf(jobOf({}, { inProgress: 3, succeeded: 1 }), { detailed }), undefined, say);
  };
  const counts = "3 in progress, 0 waiting, 1 done, 0 failed";
  expect(explained()).toMatchObject({ explanation: `job j is in progress and all is well: ${counts}` });
  expect(explained("t")).toMatchObject({
    cause: "in-progress",
    explanation: `job j is in progress: ${counts}; t reports: ${deferral}`,
    evidence: [{ name: "t", value: deferral }],
  });
  expect(explained("t", "u").explanation).toBe(
    `job j is in progress: ${counts}; 2 things report a detail, such as t: ${deferral}`,
  );
});
