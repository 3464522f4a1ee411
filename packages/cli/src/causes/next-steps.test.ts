import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { type KnownCause, remediesOf, retryStep } from "./next-steps.js";

const failed = (reason: string | null, more: Partial<KnownCause> = {}): KnownCause => ({
  status: "FAILED",
  reason,
  count: 1,
  things: ["pump-1"],
  ...more,
});

test.each([
  ["a cause that passes", { failed: 1 }, [failed("download-failed")], []],
  ["a cause of other firmware", { failed: 1 }, [failed("E42")], []],
  ["no cause", { failed: 1 }, [failed(null)], []],
  ["causes that were not read", { failed: 9, timedOut: 1 }, [], []],
  ["some that pass among some that do not", { failed: 2 }, [failed("downgrade"), failed("url-refused")], []],
  ["what was canceled", { canceled: 2 }, [], ["--only", "canceled"]],
  [
    "what failed and was canceled",
    { failed: 1, canceled: 2 },
    [failed("url-refused")],
    ["--only", "failed,canceled"],
  ],
  [
    "what timed out, but not what cannot pass",
    { failed: 1, timedOut: 1 },
    [failed("downgrade")],
    ["--only", "timed-out"],
  ],
] as const)("retry is offered for %s", (_what, counts, causes, only) => {
  const step = retryStep({ jobId: "j", counts: { ...NO_COUNTS, ...counts } }, causes);
  expect(step?.command).toEqual(["retry", "j", ...only]);
});

test.each([
  ["a cause that cannot pass", { failed: 1 }, [failed("wrong-model")]],
  ["a cause that another command fixes", { failed: 1 }, [failed("image-gone")]],
  ["what was removed or refused", { removed: 1, rejected: 1 }, []],
  ["what succeeded", { succeeded: 1 }, []],
] as const)("retry is not offered for %s", (_what, counts, causes) => {
  expect(retryStep({ jobId: "j", counts: { ...NO_COUNTS, ...counts } }, causes)).toBeUndefined();
});

test("a handler that failed is no firmware to publish again", () => {
  const counts = { ...NO_COUNTS, failed: 1 };
  expect(retryStep({ jobId: "j", counts }, [failed("handler-failed")])).toBeUndefined();
});

test("retry says for what, and what has to happen before", () => {
  const counts = { ...NO_COUNTS, failed: 2, timedOut: 1 };
  expect(retryStep({ jobId: "j", counts }, [failed("hook-failed")])?.text).toBe(
    "publishes the same image again, with a fresh URL, to the 2 that failed and the one that timed out; first fix the hook",
  );
  expect(retryStep({ jobId: "j", counts }, [failed("url-refused"), failed("downgrade")])?.text).toMatch(
    / the one that timed out; 1 will likely fail again$/,
  );
});

test("retry tells a sample of causes from all of them", () => {
  const causes = [failed("url-refused", { count: 7 }), failed("self-test-failed", { count: 13 })];
  expect(retryStep({ jobId: "j", counts: { ...NO_COUNTS, failed: 1000 } }, causes)?.text).toMatch(
    /to the 1000 that failed; 13 of the 20 whose cause was read will likely fail again$/,
  );
});

test.each([
  [{ failed: 100 }, ["retry", "j"]],
  [{ failed: 101 }, ["retry", "j", "--make-group", "<name>"]],
  [{ failed: 60, timedOut: 41 }, ["retry", "j", "--make-group", "<name>"]],
  [{ canceled: 459 }, ["retry", "j", "--only", "canceled", "--make-group", "<name>"]],
])("retry of %j takes a group if AWS does not take the things", (counts, command) => {
  expect(retryStep({ jobId: "j", counts: { ...NO_COUNTS, ...counts } }, [])?.command).toEqual(command);
});

test.each<[what: string, cause: Partial<KnownCause>, isSample: boolean, to: string[]]>([
  ["two things", { count: 2, things: ["a", "b"] }, false, ["--to", "a", "--to", "b"]],
  ["attempts on one thing", { count: 3, things: ["a"] }, false, ["--to", "a"]],
  [
    "more things than are listed",
    { count: 8, things: ["a", "b", "c"] },
    false,
    ["--to", "@self-test-failed.txt"],
  ],
  ["one thing of a sample", { count: 1, things: ["a"] }, true, ["--to", "@self-test-failed.txt"]],
])("a remedy for %s", (_what, cause, isSample, to) => {
  const [remedy] = remediesOf({ jobId: "j", publish: {}, isSample }, [failed("self-test-failed", cause)]);
  expect(remedy?.command).toEqual(["publish", "<image>", ...to]);
  const says = "; the file has one name a line: `fota status j --failed` lists them";
  expect(remedy?.text.endsWith(says)).toBe(to[1] === "@self-test-failed.txt");
});

test("a file has the things of one command", () => {
  const many = { count: 8, things: ["a", "b", "c"] };
  const causes = [
    failed("wrong-model", { ...many, actual: "m2" }),
    failed("wrong-model", { ...many, actual: "m:3" }),
    failed("bad fota data", { ...many, detail: "slot 1 is the running one" }),
    failed("order-expired", many),
  ];
  const remedies = remediesOf({ jobId: "j", publish: { slot: "1" } }, causes);
  expect(remedies.map(({ command }) => command.at(-1))).toEqual([
    "@wrong-model-m2.txt",
    "@wrong-model-m-3.txt",
    "@bad-fota-data-slot-0.txt",
    "@order-expired.txt",
  ]);
});

test("a publish to more things than AWS takes in one job goes to a group", () => {
  const [remedy] = remediesOf({ jobId: "j", publish: {} }, [
    failed("self-test-failed", { count: 101, things: ["a", "b", "c"] }),
  ]);
  expect(remedy?.command.slice(-2)).toEqual(["--make-group", "<name>"]);
});

test("a thing whose name reads as a group is not published to by that name", () => {
  const [remedy] = remediesOf({ jobId: "j", publish: {} }, [
    failed("self-test-failed", { things: ["group:7"] }),
  ]);
  expect(remedy?.command).toEqual(["publish", "<image>", "--to", "<ARN of thing group:7>"]);
});

test("each remedy is there once, the most frequent cause first", () => {
  const causes = [
    failed("self-test-failed"),
    failed("download-failed"),
    failed("wrong-model", { actual: "v1" }),
  ];
  expect(
    remediesOf({ jobId: "j", publish: {} }, [...causes, ...causes]).map(({ command }) => command),
  ).toEqual([
    ["publish", "<image>", "--to", "pump-1"],
    ["publish", "<image>", "--model", "v1", "--to", "pump-1"],
  ]);
});
