import { expect, test } from "vitest";
import { judgeClock, judgeCredentials } from "./identity.js";

const now = new Date("2026-11-24T10:00:00Z");
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);

test.each([
  [0, "ok", "agrees"],
  [12, "ok", "12 s behind"],
  [-12, "ok", "11 s ahead"],
  [60, "warn", "expire early"],
  [-60, "warn", "not valid at once"],
  [400, "fail", "7 min behind"],
  [-4_000, "fail", "67 min ahead"],
] as const)("a service whose clock is %s s ahead of ours is %s: %s", (seconds, status, says) => {
  const verdict = judgeClock(after(seconds), now.getTime(), now.getTime() + 200);
  expect(verdict).toMatchObject({ status, message: expect.stringContaining(says) });
  expect(verdict.hint === undefined).toBe(status === "ok");
});

test("a slow answer is no skew: the service said its time somewhere in between", () => {
  expect(judgeClock(after(3), now.getTime(), now.getTime() + 8_000).status).toBe("ok");
});

const caller = { account: "123456789012", arn: "arn:aws:iam::123456789012:user/ci" };

test.each([
  ["that do not end", undefined, undefined, "ok", "they do not expire"],
  ["that end before the URL", 3_600, undefined, "warn", "the URL expires with these credentials"],
  ["that end before the URL that was asked for", 3_600, 86_400, "fail", "cannot stay valid for 24 h"],
  ["that outlive the URL", 3_600, 600, "ok", "they expire in 60 min"],
  ["that end, where AWS IoT presigns", 3_600, null, "ok", "they expire in 60 min"],
  ["that have ended", -5, null, "fail", "they expire in 0 s"],
] as const)("credentials %s", (_what, endSeconds, urlSeconds, status, says) => {
  const end = endSeconds === undefined ? undefined : after(endSeconds);
  const verdict = judgeCredentials(caller, end, urlSeconds, now);
  expect(verdict).toMatchObject({ status, message: expect.stringContaining(says) });
  expect(verdict.message).toContain(caller.arn);
});
