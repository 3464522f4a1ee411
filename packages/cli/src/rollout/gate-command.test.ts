import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { askCommand, type CommandFacts } from "./gate-command.js";

const facts: CommandFacts = {
  rollout: "pumps",
  stage: "canary",
  stageNumber: 1,
  stages: 3,
  jobId: "fota-pumps-canary-84c867f248",
  version: null,
  succeeded: 4,
  failed: 1,
  pending: 0,
};

async function ask(
  command: readonly string[],
  { timeLimitMs = 60_000, signal = new AbortController().signal } = {},
) {
  const lines: string[] = [];
  const host = { env: process.env, signal };
  const run = { host, cwd: tmpdir(), timeLimitMs, onLine: (line: string) => void lines.push(line) };
  return { ...(await askCommand(command, facts, run)), lines };
}

const sh = (script: string) => ["sh", "-c", script];

test.each([
  [0, "open"],
  [75, "later"],
  [1, "closed"],
  [2, "closed"],
] as const)("exit code %i means %s", async (code, kind) => {
  expect(await ask(sh(`exit ${code}`))).toMatchObject({ kind, text: `sh: exit code ${code}` });
});

test("the facts come as JSON on stdin and in variables, in the folder of the plan", async () => {
  const { lines } = await ask(sh('cat; echo "$FOTA_STAGE_NUMBER/$FOTA_STAGES [$FOTA_VERSION]"; pwd -P'));
  expect(JSON.parse(lines[0] ?? "")).toEqual(facts);
  expect(lines.slice(1)).toEqual(["1/3 []", realpathSync(tmpdir())]);
});

test("the last line of its output is part of the answer", async () => {
  const answer = await ask(sh("echo checking; echo '3 crashes' >&2; echo; exit 1"));
  expect(answer.text).toBe("sh: exit code 1, 3 crashes");
});

test("a command that reads nothing is no error", async () => {
  expect(await ask(["true"])).toMatchObject({ kind: "open" });
});

test("a program that is gone, a signal and a time limit close the gate", async () => {
  expect(await ask(["/no/such/program"])).toMatchObject({
    kind: "closed",
    text: expect.stringMatching(/^\/no\/such\/program: .*ENOENT/),
  });
  expect(await ask(sh("kill -9 $$"))).toMatchObject({ kind: "closed", text: "sh: ended by SIGKILL" });
  expect(await ask(["sleep", "60"], { timeLimitMs: 50 })).toMatchObject({
    kind: "closed",
    text: "sleep: did not end within 0 s",
  });
});

test("an interrupt ends the command", async () => {
  const interrupt = new AbortController();
  const asked = ask(["sleep", "60"], { signal: interrupt.signal });
  interrupt.abort();
  await expect(asked).rejects.toMatchObject({ code: "INTERRUPTED" });
});
