import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { commandLine, hintText } from "./advice.js";
import { FotaError } from "./errors.js";

test.each(["a b", "", "it's", '$HOME `id` "x" \\ !', "~", "*", "failed>10% after 20", "a;b", "x\ty", "(c)"])(
  "a shell takes the argument %j of a printed command line as it was",
  (word) => {
    const line = commandLine(["list", "--since", word]).replace(/^fota /, "printf '<%s>' ");
    expect(execFileSync("sh", ["-c", line], { encoding: "utf8" })).toBe(`<list><--since><${word}>`);
  },
);

test("what needs no quotes has none, and what the reader fills in stays as it is", () => {
  const command = ["status", "fota-1", "--thing", "<name>", "--endpoint-url", "http://127.0.0.1:4566"];
  expect(commandLine(command)).toBe("fota status fota-1 --thing <name> --endpoint-url http://127.0.0.1:4566");
});

test("a hint with a command gets the global options", () => {
  const hint = { text: "<command> first, or --force", command: ["cancel", "fota-1"] };
  expect(hintText(hint)).toBe("`fota cancel fota-1` first, or --force");
  expect(hintText(hint, ["--local", "--config", "my file.json"])).toBe(
    '`fota cancel fota-1 --local --config "my file.json"` first, or --force',
  );
  expect(hintText("check the path", ["--local"])).toBe("check the path");
});

test("an error keeps its advice as data, and has it as text too", () => {
  const advice = { text: "<command> shows it", command: ["status", "fota-1"] };
  const error = new FotaError("JOB_ENDED", "job fota-1 is COMPLETED", { hint: advice });
  expect(error.advice).toEqual(advice);
  expect(error.hint).toBe("`fota status fota-1` shows it");
  expect(new FotaError("JOB_ENDED", "x", { hint: "look" }).advice).toBeUndefined();
});
