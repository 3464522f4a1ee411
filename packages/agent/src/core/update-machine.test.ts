import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOOK_FAULTS_MAX } from "./hook-phases.js";
import { ATTEMPTS_MAX, transition } from "./update-machine.js";
import type { BootFacts, Failure, UpdateEvent, UpdateState } from "./update-state.js";

const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 2 };
const target = { slot: 1, sizeBytes: 100, md5: "a".repeat(32), url: "https://bucket.example/image" };
const failure: Failure = { phase: "downloading", reason: "image-gone" };
const journal = { offsetBytes: 50, etag: '"e"' };
const accepted = { execution, target };
const verdict = { status: "FAILED", details: failure } as const;
const asked = { deferred: false, faults: 0, attempts: 0, ...accepted };
const succeeded = { status: "SUCCEEDED", details: { phase: "done" } } as const;

const states = {
  idle: { phase: "idle" },
  starting: { phase: "starting", ...accepted },
  downloading: { phase: "downloading", journal, ...accepted },
  beforeDownload: { phase: "consulting", hook: "beforeDownload", ...asked },
  downloadDeferred: { phase: "consulting", hook: "beforeDownload", ...asked, deferred: true },
  beforeInstall: { phase: "consulting", hook: "beforeInstall", ...asked },
  installDeferred: { phase: "consulting", hook: "beforeInstall", ...asked, deferred: true },
  beforeReset: { phase: "consulting", hook: "beforeReset", ...asked },
  resetDeferred: { phase: "consulting", hook: "beforeReset", ...asked, deferred: true },
  brokenHook: { phase: "consulting", hook: "beforeReset", ...asked, faults: HOOK_FAULTS_MAX },
  verifying: { phase: "verifying", attempts: 0, ...accepted },
  consented: { phase: "verifying", attempts: 1, consented: true, ...accepted },
  installing: { phase: "installing", attempts: 0, ...accepted },
  exhausted: { phase: "installing", attempts: ATTEMPTS_MAX, ...accepted },
  trial: { phase: "trial", ...accepted },
  confirming: { phase: "confirming", ...accepted },
  reverting: { phase: "reverting", verdict, ...accepted },
  givingUp: { phase: "reverting", ...accepted },
  reporting: { phase: "reporting", ...accepted, verdict: succeeded },
  unreported: {
    phase: "reporting",
    execution: { ...execution, versionNumber: 1 },
    target,
    verdict: succeeded,
  },
} satisfies Record<string, UpdateState>;

function booted(image: BootFacts["image"], boot: BootFacts["boot"]): UpdateEvent {
  return { type: "booted", image, boot };
}
const stands: UpdateEvent = { type: "jobActive", versionNumber: 3 };
const gone: UpdateEvent = { type: "jobGone" };
const allowed: UpdateEvent = { type: "allowed" };
const deferred: UpdateEvent = { type: "deferred", delayMs: 90_500, why: "the oven is hot" };
const refused: UpdateEvent = { type: "refused", detail: "never on a Friday" };
const hookFailed: UpdateEvent = { type: "hookFailed", detail: "boom" };
const stepFailed: UpdateEvent = { type: "stepFailed", failure };

type Row = [state: keyof typeof states, event: UpdateEvent, phase: UpdateState["phase"], effects: string[]];

const ROWS: Row[] = [
  ["idle", { type: "jobAccepted", ...accepted }, "starting", ["reportPhase"]],
  ["idle", { type: "jobRefused", execution, failure }, "reporting", ["report"]],
  ["idle", { type: "alreadyRuns", ...accepted }, "reporting", ["report"]],
  ["trial", { type: "alreadyRuns", ...accepted }, "trial", []],
  ["idle", { type: "jobFound", ...accepted, image: "target", boot: "onTrial" }, "trial", ["reportPhase"]],
  ["idle", { type: "jobFound", ...accepted, image: "target", boot: "settled" }, "confirming", ["confirm"]],
  ["idle", { type: "jobFound", ...accepted, image: "other", boot: "settled" }, "reporting", ["report"]],
  ["idle", booted("target", "settled"), "idle", []],
  ["starting", booted("other", "settled"), "starting", ["refreshUrl"]],
  ["starting", stands, "consulting", ["consult"]],
  ["starting", gone, "idle", []],
  ["beforeDownload", allowed, "downloading", ["download"]],
  ["beforeDownload", deferred, "consulting", ["reportPhase"]],
  ["beforeDownload", hookFailed, "consulting", ["reportPhase"]],
  ["beforeDownload", refused, "reporting", ["report"]],
  ["beforeDownload", booted("other", "settled"), "consulting", ["consult"]],
  ["downloadDeferred", allowed, "downloading", ["refreshUrl"]],
  ["downloadDeferred", booted("other", "settled"), "consulting", ["consult"]],
  ["downloadDeferred", stands, "consulting", []],
  ["downloadDeferred", gone, "idle", []],
  ["beforeInstall", allowed, "installing", ["reportPhase"]],
  ["beforeInstall", deferred, "consulting", ["reportPhase"]],
  ["beforeInstall", refused, "reporting", ["report"]],
  ["installDeferred", allowed, "verifying", ["verify"]],
  ["installDeferred", gone, "idle", []],
  ["beforeReset", allowed, "trial", ["restart"]],
  ["beforeReset", deferred, "consulting", ["reportPhase"]],
  ["beforeReset", refused, "reverting", ["revert"]],
  ["beforeReset", booted("other", "resetDue"), "consulting", ["consult"]],
  ["beforeReset", booted("target", "onTrial"), "trial", ["reportPhase"]],
  ["beforeReset", booted("other", "settled"), "reporting", ["report"]],
  ["resetDeferred", allowed, "trial", ["restart"]],
  ["resetDeferred", gone, "reverting", ["revert"]],
  ["brokenHook", hookFailed, "reverting", ["revert"]],
  ["downloading", booted("other", "settled"), "downloading", ["refreshUrl"]],
  ["downloading", stands, "downloading", ["download"]],
  ["downloading", { type: "downloadAdvanced", journal }, "downloading", []],
  ["downloading", { type: "downloaded", versionNumber: 4 }, "verifying", ["verify"]],
  ["downloading", gone, "idle", []],
  ["downloading", stepFailed, "reporting", ["report"]],
  ["verifying", booted("other", "settled"), "verifying", ["verify"]],
  ["verifying", { type: "verified" }, "consulting", ["consult"]],
  ["consented", { type: "verified" }, "installing", ["reportPhase"]],
  ["verifying", stepFailed, "reporting", ["report"]],
  ["installing", stands, "installing", ["attempt"]],
  ["installing", { type: "attempted" }, "consulting", ["consult"]],
  ["installing", gone, "idle", []],
  ["installing", stepFailed, "reporting", ["report"]],
  ["installing", booted("other", "settled"), "verifying", ["verify"]],
  ["installing", booted("other", "resetDue"), "consulting", ["consult"]],
  ["installing", booted("target", "onTrial"), "trial", ["reportPhase"]],
  ["exhausted", booted("other", "settled"), "reporting", ["report"]],
  ["trial", booted("target", "onTrial"), "trial", ["reportPhase"]],
  ["trial", booted("target", "settled"), "confirming", ["confirm"]],
  ["trial", booted("other", "settled"), "reporting", ["report"]],
  ["trial", booted("other", "resetDue"), "trial", ["restart"]],
  ["trial", stands, "trial", ["selfTest"]],
  ["trial", { type: "selfTestPassed" }, "confirming", ["confirm"]],
  ["trial", stepFailed, "reverting", ["revert"]],
  ["trial", gone, "reverting", ["revert"]],
  ["trial", { type: "reported" }, "trial", []],
  ["confirming", { type: "confirmed" }, "reporting", ["report"]],
  ["confirming", { type: "confirmRefused", detail: "the trial is over" }, "reverting", ["revert"]],
  ["confirming", booted("target", "onTrial"), "confirming", ["confirm"]],
  ["confirming", booted("other", "settled"), "reporting", ["report"]],
  ["reverting", { type: "reverted", boot: "resetDue" }, "reverting", ["restart"]],
  ["reverting", { type: "reverted", boot: "settled" }, "reporting", ["report"]],
  ["givingUp", { type: "reverted", boot: "settled" }, "idle", []],
  ["reverting", { type: "revertRefused", detail: "slot 0 is empty" }, "reverting", ["confirm"]],
  ["reverting", { type: "confirmed" }, "reporting", ["report"]],
  ["givingUp", { type: "confirmed" }, "idle", []],
  ["reverting", { type: "confirmRefused", detail: "the trial is over" }, "reverting", ["restart"]],
  ["reverting", booted("target", "onTrial"), "reverting", ["revert"]],
  ["reverting", booted("target", "resetDue"), "reverting", ["revert"]],
  ["reverting", booted("other", "settled"), "reporting", ["report"]],
  ["givingUp", booted("other", "settled"), "idle", []],
  ["reporting", booted("target", "settled"), "reporting", ["report"]],
  ["reporting", booted("other", "settled"), "reporting", ["report"]],
  ["unreported", booted("target", "settled"), "idle", []],
  ["unreported", { type: "reported" }, "idle", []],
  ["reporting", { type: "reported" }, "idle", []],
  ["reporting", gone, "idle", []],
];

test.each(ROWS)("%s + %o -> %s, %o", (name, event, phase, effects) => {
  const step = transition(states[name], event);
  expect(step.state.phase).toBe(phase);
  expect(step.effects.map(({ type }) => type)).toEqual(effects);
});

describe("what goes along", () => {
  test("the version of the last answer, the journal and a fresh URL reach the next request", () => {
    const url = "https://bucket.example/image?fresh";
    const { effects } = transition(states.downloading, { type: "jobActive", versionNumber: 9, url });
    expect(effects).toMatchObject([
      {
        type: "download",
        execution: { ...execution, versionNumber: 9 },
        target: { ...target, url },
        journal,
      },
    ]);
  });

  test("a missing fallback is added to the verdict only once", () => {
    const refused = { type: "revertRefused", detail: "slot 0 is empty" } as const;
    const once = transition(states.reverting, refused).state;
    expect(once).toMatchObject({ verdict: { status: "FAILED" } });
    expect(JSON.stringify(once)).toContain("slot 0 is empty: the new image stays");
    expect(transition(once, refused).state).toEqual(once);
  });

  test("SUCCEEDED is taken back when another image runs after all", () => {
    const { state } = transition(states.reporting, booted("other", "settled"));
    expect(state).toMatchObject({ verdict: { status: "FAILED", details: { reason: "invalid fota" } } });
  });

  test("a refusal is REJECTED with the owner's text, from each hook", () => {
    for (const [name, phase] of [
      ["beforeDownload", "starting"],
      ["beforeInstall", "installing"],
      ["beforeReset", "installing"],
    ] as const) {
      const details = { phase, reason: "refused", detail: "never on a Friday" };
      const { state } = transition(states[name], refused);
      expect(state).toMatchObject({ verdict: { status: "REJECTED", details } });
    }
  });

  test("a deferral is reported with its duration and reason", () => {
    const detail = "beforeDownload deferred the update for 91 s: the oven is hot";
    const { effects } = transition(states.beforeDownload, deferred);
    expect(effects).toEqual([{ type: "reportPhase", execution, phase: "starting", detail }]);
  });

  test("a hook that fails is FAILED hook-failed after a bounded number in a row; an answer starts the count anew", () => {
    let state: UpdateState = states.beforeInstall;
    for (let fault = 0; fault < HOOK_FAULTS_MAX; fault += 1) state = transition(state, hookFailed).state;
    expect(transition(state, hookFailed).state).toMatchObject({
      phase: "reporting",
      verdict: { status: "FAILED", details: { reason: "hook-failed", detail: "beforeInstall failed: boom" } },
    });
    const answered = transition(state, deferred).state;
    expect(transition(answered, hookFailed).state.phase).toBe("consulting");
  });

  test("a restart while a hook is open makes URL and slot be checked again, as a deferral does", () => {
    const { state } = transition(states.beforeDownload, booted("other", "settled"));
    expect(transition(state, allowed).effects).toMatchObject([{ type: "refreshUrl" }]);
  });

  test("the owner who allowed the install is not asked again when the device starts in between", () => {
    const again = transition(states.installing, booted("other", "settled")).state;
    expect(transition(again, { type: "verified" }).state.phase).toBe("installing");
  });

  test("the trial is counted before it is scheduled", () => {
    expect(transition(states.installing, stands).state).toMatchObject({ attempts: 1 });
  });
});

const anyState = fc.constantFrom(...Object.values<UpdateState>(states));
const anyEvent = fc.constantFrom<UpdateEvent>(
  ...ROWS.map(([, event]) => event),
  booted("target", "resetDue"),
  booted("other", "onTrial"),
);

test("no event throws in any phase, and one that means nothing leaves the very same state", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const step = transition(state, event);
      if (
        step.state.phase === state.phase &&
        step.effects.length === 0 &&
        event.type !== "downloadAdvanced" &&
        event.type !== "jobActive"
      ) {
        expect(step.state).toEqual(state);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("SUCCEEDED is reached only from a confirmation, or where a settled device ran the image before", () => {
  fc.assert(
    fc.property(anyState, anyEvent, (state, event) => {
      const { state: next } = transition(state, event);
      const claims = next.phase === "reporting" && next.verdict.status === "SUCCEEDED";
      if (claims && state.phase !== "reporting")
        expect(["confirming confirmed", "idle alreadyRuns"]).toContain(`${state.phase} ${event.type}`);
    }),
    { numRuns: 2_000 },
  );
});

test("a trial that the boot loader reverted is reported with what the boot loader knows of it", () => {
  const { state } = transition(states.trial, {
    type: "booted",
    image: "other",
    boot: "settled",
    failure: "slot 1 failed on trial (SIGSEGV)",
  });
  const detail = "the new image was not confirmed: the boot loader reverted to the old one";
  expect(state).toMatchObject({
    phase: "reporting",
    verdict: { details: { detail: `${detail}: slot 1 failed on trial (SIGSEGV)` } },
  });
  const { state: unknown } = transition(states.trial, booted("other", "settled"));
  expect(unknown).toMatchObject({ phase: "reporting", verdict: { details: { detail } } });
});
