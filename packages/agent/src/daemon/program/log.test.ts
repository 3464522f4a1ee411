import { closeSync, fstatSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { daemonLog, isJournalStream } from "./log.js";

function linesOf(isJournal: boolean, lowest: "info" | "error" = "info"): string[] {
  const lines: string[] = [];
  const log = daemonLog(
    () => lowest,
    isJournal,
    (line) => lines.push(line),
  );
  log("debug", "hidden");
  log("info", "starts");
  log("warn", "two\nlines");
  log("error", "fails");
  return lines;
}

test("a line has its level, and control characters are escaped", () => {
  expect(linesOf(false)).toEqual([
    "fota-agent: info: starts\n",
    "fota-agent: warn: two\\u000alines\n",
    "fota-agent: error: fails\n",
  ]);
});

test("the journal gets the priority instead of the level", () => {
  expect(linesOf(true)).toEqual(["<6>starts\n", "<4>two\\u000alines\n", "<3>fails\n"]);
});

test("lower levels are left out", () => {
  expect(linesOf(false, "error")).toEqual(["fota-agent: error: fails\n"]);
});

test("stderr is the journal only if JOURNAL_STREAM names the stream itself", () => {
  const descriptor = openSync("/dev/null", "w");
  const { dev, ino } = fstatSync(descriptor);
  expect(isJournalStream(`${dev}:${ino}`, descriptor)).toBe(true);
  expect(isJournalStream(`${dev}:${ino + 1}`, descriptor)).toBe(false);
  expect(isJournalStream(undefined, descriptor)).toBe(false);
  closeSync(descriptor);
});
