import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { painterFor } from "./paint.js";

const terminal = Object.assign(new PassThrough(), { isTTY: true });
const pipe = new PassThrough();

test.each([
  ["a terminal", terminal, {}, true, true],
  ["a pipe", pipe, {}, true, false],
  ["a terminal with --no-color", terminal, {}, false, false],
  ["a terminal with NO_COLOR", terminal, { NO_COLOR: "1" }, true, false],
  ["a terminal with NO_COLOR set to nothing", terminal, { NO_COLOR: "" }, true, true],
  ["a terminal that is dumb", terminal, { TERM: "dumb" }, true, false],
  ["a pipe with FORCE_COLOR", pipe, { FORCE_COLOR: "1" }, true, true],
  ["a terminal with FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, true, false],
  ["FORCE_COLOR against --no-color", pipe, { FORCE_COLOR: "1" }, false, false],
] as const)("%s", (_what, sink, env, wanted, colored) => {
  expect(painterFor(sink, env, wanted)("red", "x") !== "x").toBe(colored);
});
