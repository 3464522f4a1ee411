import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "../src/program.js";
import { BUCKET, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";
import { textIn } from "./text-in.js";

let folder: string;
let aws: ScriptedAws;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-terminal-"));
  await writeFile(join(folder, "app.bin"), randomBytes(5_000));
  await writeFile(
    join(folder, "fota.config.json"),
    JSON.stringify({ confirmAbove: 2, prices: { perJobAction: 0.5 } }),
  );
  aws = await startScriptedAws();
  aws.members.push("pump-1", "pump-2", "pump-3");
  stubEnvironment({ NO_COLOR: "1" });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
  await rm(folder, { recursive: true });
});

/** As on a terminal of `columns`: what moves the cursor does nothing. */
function terminal(columns: number) {
  const done = () => true;
  return Object.assign(new PassThrough(), {
    isTTY: true,
    columns,
    clearLine: done,
    cursorTo: done,
    moveCursor: done,
  });
}

async function fotaOnTerminal(
  args: readonly string[],
  { answer, columns = 80, signal }: { answer?: string; columns?: number; signal?: AbortSignal },
) {
  const [stdin, stdout, stderr] = [terminal(columns), terminal(columns), terminal(columns)];
  let said = "";
  stderr.on("data", (piece: Buffer) => {
    said += String(piece);
    // The readline that asks is the one that reads: an answer before it is there would be lost.
    if (answer !== undefined && String(piece).includes("[y/N]")) stdin.write(`${answer}\n`);
  });
  const never = new AbortController().signal;
  const host = {
    env: process.env,
    cwd: folder,
    homeDir: folder,
    stdin,
    stdout,
    stderr,
    signal: signal ?? never,
  };
  const code = await run([...args, "--endpoint-url", aws.endpoint], host);
  return { code, stdout: textIn(stdout), stderr: said };
}

const PUBLISH = ["publish", "app.bin", "--slot", "1", "--to", "group:beta", "--bucket", BUCKET];

test.each([
  ["y", 0, 1],
  ["yes", 0, 1],
  ["n", 1, 0],
  ["", 1, 0],
] as const)("a publish to many things asks; %j ends with %i", async (answer, exitCode, jobs) => {
  const { code, stderr } = await fotaOnTerminal(PUBLISH, { answer });
  expect(stderr).toContain("publish to 3 things? [y/N]");
  expect(stderr).toContain("would create job");
  expect(code).toBe(exitCode);
  expect(aws.jobs.size).toBe(jobs);
  if (jobs === 0) expect(aws.objects.size).toBe(0);
});

test("--yes and few things are not asked about", async () => {
  expect((await fotaOnTerminal([...PUBLISH, "--yes"], {})).stderr).not.toContain("[y/N]");
  const one = PUBLISH.map((word) => (word === "group:beta" ? "pump-1" : word));
  expect((await fotaOnTerminal(one, {})).stderr).not.toContain("[y/N]");
  expect(aws.jobs.size).toBe(2);
});

test.each([80, 200])("the plan fits %i columns", async (columns) => {
  const rollout = [
    "--rate",
    "10/min",
    "--abort-on",
    "failed>10% after 20",
    "--thing-timeout",
    "30m",
    "--retry",
    "any:1",
  ];
  const { code, stdout } = await fotaOnTerminal([...PUBLISH, ...rollout, "--dry-run"], { columns });
  expect(code).toBe(0);
  const [plan = "", document = ""] = stdout.split("\n{\n");
  for (const line of plan.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
  expect(plan).toMatch(/^ {2}to +group:beta\n +3 things$/m);
  expect(plan).toMatch(/^ {2}aborts +when 10 % are FAILED after 20 things$/m);
  expect(plan).toMatch(/^ {2}at most +6 job actions, 3\.00 USD$/m);
  expect(document).toMatch(/"bc_url": ".+\?\.\.\."/);
  expect(stdout).toMatch(/nothing was changed \(--dry-run\)\n$/);
  expect(aws.jobs.size + aws.objects.size).toBe(0);
});

test("an error is broken at its words", async () => {
  const { stderr } = await fotaOnTerminal([...PUBLISH, "--continuous"], { columns: 60 });
  const lines = stderr.slice(stderr.indexOf("error:")).trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
});

const FLEET = {
  jobId: "fota-1",
  status: "IN_PROGRESS",
  description: "Thermostat 1.4.0, the second try after what happened in March",
  createdAt: Date.now() / 1000 - 600,
  jobProcessDetails: {
    numberOfQueuedThings: 40_000,
    numberOfInProgressThings: 2_000,
    numberOfSucceededThings: 50_000,
    numberOfFailedThings: 3_000,
    numberOfTimedOutThings: 2_000,
    numberOfRejectedThings: 1_000,
    numberOfRemovedThings: 1_000,
    numberOfCanceledThings: 1_000,
  },
};

test.each([80, 200])("status of a large fleet fits %i columns", async (columns) => {
  aws.faults.set("DescribeJob", { body: { job: FLEET } });
  const { code, stdout } = await fotaOnTerminal(["status", "fota-1"], { columns });
  expect(code).toBe(0);
  expect(stdout).toMatch(/50000 succeeded, 3000 failed, .+\n/);
  expect(stdout).toMatch(
    / {2}rate +\d+ ended a minute\n {2}expected +to end in 7 min, at the current rate\n/,
  );
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
});

/** What hides and shows a terminal's cursor. */
const [HIDE, SHOW] = ["\x1b[?25l", "\x1b[?25h"];

test("--watch redraws its picture in place, and leaves the last one when the job ends", async () => {
  const ended = { ...FLEET, status: "COMPLETED", completedAt: Date.now() / 1000 };
  const fault = {
    body: { job: FLEET },
    before: () => {
      if (aws.asked.filter((name) => name === "DescribeJob").length > 1) fault.body = { job: ended };
    },
  };
  aws.faults.set("DescribeJob", fault);
  const { code, stdout } = await fotaOnTerminal(["status", "fota-1", "--watch"], {});
  expect(code).toBe(0);
  const [before, first = "", last = ""] = stdout.split("job fota-1");
  expect(before).toBe(`${HIDE}\r`);
  expect(first).toContain("IN_PROGRESS");
  expect(first).toContain("Ctrl-C ends the watch; the job continues");
  const rows = first.split("\n").length - 1;
  const frames = stdout.split("job fota-1").slice(1);
  expect(first.endsWith(`\x1b[J${HIDE}\x1b[${rows}A\r`)).toBe(true);
  expect(last).toContain("COMPLETED");
  expect(frames.at(-1)).not.toContain("Ctrl-C");
  expect(stdout.lastIndexOf(SHOW)).toBeGreaterThan(stdout.lastIndexOf(HIDE));
});

test("Ctrl-C in --watch gives the cursor back and leaves the picture", async () => {
  const interrupt = new AbortController();
  aws.faults.set("DescribeJob", {
    body: { job: FLEET },
    before: () => {
      if (aws.asked.filter((name) => name === "DescribeJob").length > 1) interrupt.abort();
    },
  });
  const { signal } = interrupt;
  const { code, stdout, stderr } = await fotaOnTerminal(["status", "fota-1", "--watch"], { signal });
  expect(code).toBe(130);
  expect(stdout.lastIndexOf(SHOW)).toBeGreaterThan(stdout.lastIndexOf(HIDE));
  expect(stdout.slice(stdout.lastIndexOf(SHOW))).toContain("50000 succeeded");
  expect(stderr).toContain("the job continues;");
});
