import { expect, test } from "vitest";
import { isTerminal, JOB_EXECUTION_STATUSES } from "./jobs-api.js";

test("only QUEUED and IN_PROGRESS executions can still change", () => {
  expect(JOB_EXECUTION_STATUSES.filter((status) => !isTerminal(status))).toEqual(["QUEUED", "IN_PROGRESS"]);
});
