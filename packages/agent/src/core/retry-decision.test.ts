import { expect, test } from "vitest";
import { decideRetry } from "./retry-decision.js";

const limits = { attempts: 8, freshUrls: 3 };

test.each([
  ["gone", 1, { action: "fail", reason: "image-gone" }],
  ["permanent", 1, { action: "fail", reason: "download-failed" }],
  ["changed", 1, { action: "restart" }],
  ["changed", 2, { action: "fail", reason: "image-changed" }],
  ["url-refused", 1, { action: "refreshUrl", failures: 1 }],
  ["url-refused", 3, { action: "refreshUrl", failures: 3 }],
  ["url-refused", 4, { action: "fail", reason: "url-refused" }],
  ["try-again", 1, { action: "resume", failures: 1 }],
  ["try-again", 7, { action: "resume", failures: 7 }],
  ["try-again", 8, { action: "fail", reason: "download-failed" }],
] as const)("%s, %i times: %o", (failure, failures, decision) => {
  expect(decideRetry(failure, failures, limits)).toEqual(decision);
});
