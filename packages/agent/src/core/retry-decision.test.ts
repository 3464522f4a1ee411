import { expect, test } from "vitest";
import { decideRetry } from "./retry-decision.js";

const limits = { attempts: 8, freshUrls: 3 };
const none = { failures: 0, freshUrls: 0, changes: 0 };

test.each([
  ["gone", {}, { action: "fail", reason: "image-gone" }],
  ["permanent", {}, { action: "fail", reason: "download-failed" }],
  ["changed", { changes: 1 }, { action: "restart" }],
  ["changed", { changes: 2 }, { action: "fail", reason: "image-changed" }],
  ["url-refused", { freshUrls: 1 }, { action: "refreshUrl", failures: 1 }],
  ["url-refused", { freshUrls: 3 }, { action: "refreshUrl", failures: 3 }],
  ["url-refused", { freshUrls: 4 }, { action: "fail", reason: "url-refused" }],
  ["url-refused", { freshUrls: 1, failures: 8 }, { action: "refreshUrl", failures: 1 }],
  ["try-again", { failures: 1 }, { action: "resume", failures: 1 }],
  ["try-again", { failures: 7 }, { action: "resume", failures: 7 }],
  ["try-again", { failures: 8 }, { action: "fail", reason: "download-failed" }],
  ["try-again", { failures: 1, freshUrls: 9, changes: 9 }, { action: "resume", failures: 1 }],
] as const)("%s with counts %o: %o", (failure, counts, decision) => {
  expect(decideRetry(failure, { ...none, ...counts }, limits)).toEqual(decision);
});
