import { CAUSES, type Cause, commandLine } from "@fota/shared";
import { expect, test } from "vitest";
import { CAUSE_TABLE, canPass } from "./cause-table.js";
import type { FailedThing } from "./remedies.js";

const lineOf = (reason: Cause, said: Partial<FailedThing> = {}) => {
  const advice = CAUSE_TABLE[reason].remedy?.({ jobId: "j", targets: ["pump-1"], publish: {}, ...said });
  return advice && commandLine(advice.command);
};

test.each([
  ["bad fota data", { detail: "slot 1 is the running one" }, "fota publish <image> --slot 0 --to pump-1"],
  ["bad fota data", { detail: "slot 0 is the running one" }, "fota publish <image> --slot 1 --to pump-1"],
  [
    "bad fota data",
    { detail: "slot 5 does not exist, there are 2" },
    "fota publish <image> --slot <other slot> --to pump-1",
  ],
  ["bad fota data", { detail: "the image is larger than slot 1", expected: "at most 100" }, "fota show j"],
  [
    "bad fota data",
    { detail: "bc_url is still the placeholder: AWS IoT did not" },
    "fota doctor --presign iot",
  ],
  ["bad fota data", { detail: "bc_crc is missing" }, "fota show j"],
  ["bad fota data", {}, "fota publish <image> --slot <other slot> --to pump-1"],
  ["wrong-model", { expected: "v2", actual: "v1" }, "fota publish <image> --model v1 --to pump-1"],
  ["wrong-model", { expected: "v2", actual: "none" }, "fota show j"],
  ["wrong-model", {}, "fota publish <image> --model <model> --to pump-1"],
  ["version-too-low", { expected: "at least 1.2.0" }, "fota publish <image> --fw-version 1.2.0 --to pump-1"],
  ["downgrade", { expected: "at least 2.0.0" }, "fota publish <image> --fw-version <version> --to pump-1"],
  ["host-refused", { detail: "x.com is not a host" }, "fota publish <image> --bucket <bucket> --to pump-1"],
  ["host-refused", { detail: "http to 127.0.0.1 is not allowed" }, "fota publish <image> --to pump-1"],
  ["signature-invalid", {}, "fota publish <image> --sign <key> --to pump-1"],
  ["order-expired", {}, "fota publish <image> --sign <key> --valid-until <time> --to pump-1"],
  ["wrong-thing", {}, "fota publish <image> --sign <key> --for pump-1 --to pump-1"],
  ["sequence-refused", { expected: "8 or more" }, "fota publish <image> --sign <key> --seq 8 --to pump-1"],
  ["sequence-refused", {}, "fota publish <image> --sign <key> --seq <number> --to pump-1"],
  ["refused", {}, "fota retry j --only rejected"],
  ["download-failed", {}, undefined],
] as const)("%s with %j: %s", (reason, said, command) => {
  expect(lineOf(reason, said)).toBe(command);
});

test("a publish names the bucket and the slot that no setting names, and its own options replace them", () => {
  const publish = { bucket: "<bucket>", slot: "<0|1|any>" };
  expect(lineOf("self-test-failed", { publish })).toBe(
    "fota publish <image> --bucket <bucket> --slot <0|1|any> --to pump-1",
  );
  const running = { detail: "slot 1 is the running one", publish: { bucket: "fw", images: ["0=<image>"] } };
  expect(lineOf("bad fota data", running)).toBe("fota publish <image> --bucket fw --slot 0 --to pump-1");
});

test("a publish goes to each thing with the cause, or to a file of them", () => {
  expect(lineOf("self-test-failed", { targets: ["pump-1", "pump-2"] })).toBe(
    "fota publish <image> --to pump-1 --to pump-2",
  );
  expect(lineOf("wrong-thing", { targets: ["pump-1", "pump-2"] })).toBe(
    "fota publish <image> --sign <key> --for <each thing> --to pump-1 --to pump-2",
  );
  expect(lineOf("wrong-thing", { targets: ["@things.txt"] })).toBe(
    "fota publish <image> --sign <key> --for <each thing> --to @things.txt",
  );
});

test("a device cannot put an option into the command", () => {
  expect(lineOf("wrong-model", { actual: "--yes" })).toContain("--model <model>");
  expect(lineOf("version-too-low", { expected: "at least $(reboot)" })).toContain("<version between>");
});

test("a cause that cannot pass has a command that fixes it", () => {
  for (const cause of CAUSES) if (!canPass(cause)) expect(CAUSE_TABLE[cause].remedy, cause).toBeDefined();
});
