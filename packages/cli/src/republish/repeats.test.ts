import { expect, test } from "vitest";
import type { FailureCause } from "../status/result.js";
import { repeatsOf } from "./repeats.js";

const cause = (reason: string | null, count: number, more: Partial<FailureCause> = {}): FailureCause => ({
  status: "FAILED",
  reason,
  count,
  things: ["pump-1"],
  ...more,
});

test("a retry of causes that can pass, or that are not known, raises no doubt", () => {
  const causes = [cause("download-failed", 2), cause("E42", 1), cause(null, 1)];
  expect(repeatsOf({ jobId: "j", publish: {} }, causes, 4)).toBeUndefined();
});

test("failures that a retry repeats are counted and named, with the command that fixes the first", () => {
  const model = { detail: "the image is for another model", expected: "v2", actual: "v1" };
  const causes = [cause("download-failed", 1), cause("wrong-model", 2, model), cause("downgrade", 1)];
  expect(repeatsOf({ jobId: "j", publish: {} }, causes, 4)).toEqual({
    warning:
      "3 of 4 things will likely fail again, as only the URL changes: " +
      "2× wrong-model: the image is for another model (expected v2, actual v1) [pump-1, ...]; 1× downgrade [pump-1]",
    doubt: {
      question: "retry all 4 anyway?",
      hint: {
        command: ["publish", "<image>", "--model", "v1", "--to", "pump-1"],
        text: "<command> publishes the image that is built for v1, the model of the thing",
      },
    },
  });
  expect(repeatsOf({ jobId: "j", publish: {} }, [cause("downgrade", 4)], 4)?.warning).toMatch(
    /^all 4 things will likely fail again/,
  );
  expect(repeatsOf({ jobId: "j", publish: {} }, [cause("downgrade", 1)], 1)).toMatchObject({
    warning: "the thing will likely fail again, as only the URL changes: 1× downgrade [pump-1]",
    doubt: { question: "retry it anyway?" },
  });
});
