import { expect, test } from "vitest";
import { FotaError, isFotaError, messageOf } from "./errors.js";

test("a FotaError is recognized by name and code, also from another copy of the class", () => {
  const error = new FotaError("JOB_NOT_FOUND", "no job fw-9", { hint: "`fota list` shows the jobs" });
  const copy = Object.assign(new Error("no job fw-9"), { name: "FotaError", code: "JOB_NOT_FOUND" });
  expect(isFotaError(error, "JOB_NOT_FOUND")).toBe(true);
  expect(isFotaError(copy, "JOB_NOT_FOUND")).toBe(true);
  expect(isFotaError(error, "JOB_EXISTS")).toBe(false);
  expect(isFotaError(new Error("no job fw-9"))).toBe(false);
  expect(isFotaError(undefined)).toBe(false);
});

test("the cause is kept, and anything thrown has a message", () => {
  const cause = new Error("ENOENT");
  const error = new FotaError("IMAGE_NOT_FOUND", "no such file", { cause });
  expect(error.cause).toMatchObject({ name: "Error", message: "ENOENT" });
  expect(messageOf(cause)).toBe("ENOENT");
  expect(messageOf("text")).toBe("text");
});
