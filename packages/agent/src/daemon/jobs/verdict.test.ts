import { statusDetailsFault } from "@fota/shared";
import { expect, test } from "vitest";
import { LimitedOutput } from "../executable/output.js";
import { operationOf } from "./operation.js";
import { verdictOf } from "./verdict.js";

function ended(
  exitCode: number | undefined,
  stdout = "",
  stderr = "",
  description = `exit code ${exitCode}`,
) {
  const [out, err] = [new LimitedOutput(), new LimitedOutput()];
  out.add(Buffer.from(stdout));
  err.add(Buffer.from(stderr));
  return verdictOf({ exitCode, description, stdout: out, stderr: err });
}

test.each([
  ["collect-logs", "collect-logs"],
  ["v2.reboot_now", "v2.reboot_now"],
  ["../hooks.d/self-test", undefined],
  ["/bin/sh", undefined],
  ["a/b", undefined],
  ["..", undefined],
  [".hidden", undefined],
  ["", undefined],
  ["a\0b", undefined],
  ["x".repeat(65), undefined],
  [7, undefined],
])("operation %j names the handler %j", (operation, handler) => {
  expect(operationOf({ operation })).toBe(handler);
});

test("exit code and output decide", () => {
  expect(ended(0, "done\n")).toEqual({ status: "SUCCEEDED", details: { output: "done" } });
  expect(ended(3, "", "no such log\n")).toEqual({
    status: "FAILED",
    details: { reason: "handler-failed", detail: "exit code 3", errors: "no such log" },
  });
  expect(ended(undefined, "", "", "killed by SIGSEGV")).toMatchObject({ status: "FAILED" });
  expect(ended(75, "90 busy\n")).toEqual({ deferMs: 90_000, why: "busy" });
});

test("a last line of JSON adds details and may name a worse status, never a better one", () => {
  const line = (status: string) =>
    `copied\n${JSON.stringify({ status, details: { files: 3, "bad key": "x" } })}\n`;
  expect(ended(0, line("SUCCEEDED"))).toEqual({
    status: "SUCCEEDED",
    details: { files: "3", output: "copied" },
  });
  expect(ended(0, line("REJECTED"))).toMatchObject({ status: "REJECTED", details: { files: "3" } });
  expect(ended(1, line("SUCCEEDED"))).toMatchObject({ status: "FAILED", details: { files: "3" } });
  expect(ended(0, line("IN_PROGRESS"))).toMatchObject({ status: "SUCCEEDED" });
  expect(ended(0, '{"percent": 3}\n')).toEqual({
    status: "SUCCEEDED",
    details: { output: '{"percent": 3}' },
  });
  expect(ended(0, "{not json}\n")).toMatchObject({ status: "SUCCEEDED" });
});

test("whatever a handler prints, AWS accepts the details", () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key-${i}`, "v".repeat(3_000)]));
  const outputs = [
    JSON.stringify({ details: many }),
    `\u0000\u200b\ud83d${"é\u0007".repeat(9_000)}`,
    JSON.stringify({ details: { a: "", b: null, c: [1], d: "\n", ["k".repeat(200)]: "x" } }),
  ];
  for (const output of outputs) {
    for (const code of [0, 1]) {
      const verdict = ended(code, `x\n${output}\n`, output);
      expect(statusDetailsFault("details" in verdict ? verdict.details : undefined)).toBeUndefined();
    }
  }
});
