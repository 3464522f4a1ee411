import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { examine, ifAllowed } from "./examine.js";
import { ok } from "./verdict.js";

const never = () => new Promise<never>(() => {});
const throwing = (code: ConstructorParameters<typeof FotaError>[0]) => async () => {
  throw new FotaError(code, "cannot look", { hint: "do this" });
};

test("findings are in order, one that hangs ends at the limit, one that throws is a failure", async () => {
  const findings = await examine(
    [
      { name: "hangs", run: never },
      { name: "throws", run: throwing("BUCKET_NOT_FOUND") },
      { name: "well", run: async () => ok("fine") },
    ],
    20,
  );
  expect(findings).toEqual([
    { check: "hangs", status: "fail", message: "no answer within 0.02 s", hint: expect.any(String) },
    { check: "throws", status: "fail", message: "cannot look", hint: "do this" },
    { check: "well", status: "ok", message: "fine" },
  ]);
});

test("an interruption and a bug are no findings", async () => {
  const interrupted = { name: "a", run: throwing("INTERRUPTED") };
  await expect(examine([interrupted], 1_000)).rejects.toMatchObject({ code: "INTERRUPTED" });
  const bug = { name: "b", run: () => Promise.reject(new TypeError("x is undefined")) };
  await expect(examine([bug], 1_000)).rejects.toThrow(TypeError);
});

test("what may not be looked at is skipped with what that takes; what is wrong stays wrong", async () => {
  expect(await ifAllowed(throwing("ACCESS_DENIED"))).toMatchObject({ status: "skipped", hint: "do this" });
  expect(await ifAllowed(throwing("AWS_ERROR"))).toMatchObject({ status: "skipped" });
  await expect(ifAllowed(throwing("BUCKET_NOT_FOUND"))).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
});
