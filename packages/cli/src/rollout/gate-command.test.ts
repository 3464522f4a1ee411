import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../../shared/test/eventually.js";
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
  {
    timeLimitMs = 60_000,
    graceMs = 2_000,
    signal = new AbortController().signal,
    onLine = (_line: string) => {},
  } = {},
) {
  const lines: string[] = [];
  const run = {
    host: { env: process.env, signal },
    cwd: tmpdir(),
    timeLimitMs,
    graceMs,
    onLine: (line: string) => {
      lines.push(line);
      onLine(line);
    },
  };
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

describe.skipIf(process.platform === "win32")("what a command started", () => {
  const isAlive = (pid: string | undefined) => {
    try {
      process.kill(Number(pid), 0);
      return true;
    } catch {
      return false;
    }
  };
  const ignoring = sh("trap '' TERM; sleep 60 & echo $! $$; sleep 60; echo never");

  /** Some init processes take a moment until they reap an orphan. */
  const reaped = (pids: string[]) => eventually(() => expect(pids.filter(isAlive)).toEqual([]));

  test("ends with it at the time limit, also if it ignores SIGTERM", async () => {
    const limit = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(limit.signal);
    onTestFinished(() => timeout.mockRestore());
    const answer = await ask(ignoring, { graceMs: 50, onLine: () => limit.abort() });
    expect(answer.kind).toBe("closed");
    const pids = answer.lines[0]?.split(" ") ?? [];
    expect(pids).toHaveLength(2);
    await reaped(pids);
  });

  test("ends with it at an interrupt", async () => {
    const interrupt = new AbortController();
    let pids: string[] = [];
    const onLine = (line: string) => {
      pids = line.split(" ");
      interrupt.abort();
    };
    const asked = ask(ignoring, { signal: interrupt.signal, graceMs: 50, onLine });
    await expect(asked).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(pids).toHaveLength(2);
    await reaped(pids);
  });

  test("stays when the command has ended by itself", async () => {
    const { kind, lines } = await ask(sh("sleep 60 & echo $!"));
    expect(kind).toBe("open");
    expect(isAlive(lines[0])).toBe(true);
    process.kill(Number(lines[0]), "SIGKILL");
  });
});

test("a line without an end is cut, and many lines are not all shown", async () => {
  const long = await ask(sh("head -c 3000000 /dev/zero | tr '\\0' x; printf '\\nlast'; exit 1"));
  expect(long.lines.map((line) => line.length)).toEqual([2000, 4]);
  expect(long.text).toBe("sh: exit code 1, last");
  const many = await ask(sh("seq 5000; exit 1"));
  expect(many.lines).toHaveLength(1001);
  expect(many.lines.slice(-2)).toEqual(["1000", "(the rest of its output is not shown)"]);
  expect(many.text).toBe("sh: exit code 1, 5000");
});

test("of a progress line that is written again and again, the last state is shown", async () => {
  const { lines } = await ask(sh("printf '10 %%\\r55 %%\\r100 %%\\r\\ndone\\r\\n'"));
  expect(lines).toEqual(["100 %", "done"]);
});
