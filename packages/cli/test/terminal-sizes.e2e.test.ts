import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { commandLines, reachesAws } from "./every-command.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { stubEnvironment } from "./stub-environment.js";
import { runOnTerminal } from "./terminal-in-process.js";

let fleet: Fleet;

beforeAll(async () => {
  stubEnvironment();
  fleet = await startFleet();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fleet.stop();
});

test.each([
  [0, 0],
  [1, 1],
  [20, 5],
  [80, 24],
  [500, 200],
])(
  "every command works on a terminal of %i columns and %i rows",
  { timeout: 240_000 },
  async (columns, rows) => {
    const ended = await fleet.publish({ to: ["pump-1", "pump-2"] });
    await fleet.report("pump-1", ended.jobId, "SUCCEEDED");
    await fleet.report("pump-2", ended.jobId, "FAILED", {
      reason: "digest-mismatch",
      detail: "expected one",
    });
    const running = await fleet.publish({ to: ["pump-3"] });
    const names = { ended: ended.jobId, running: running.jobId, thing: "pump-2", bucket: BUCKET, columns };
    const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
    const wrong: object[] = [];
    for (const { args, runsUntilStopped } of commandLines(names)) {
      const { code, stdout, stderr } = await runOnTerminal(reachesAws(args) ? [...args, ...reach] : args, {
        cwd: fleet.folder,
        columns,
        rows,
        ...(runsUntilStopped !== undefined && { interruptAt: runsUntilStopped }),
      });
      const ends = runsUntilStopped === undefined ? [0, 1, 2, 3, 75] : [0, 130];
      const bytes = stdout.length + stderr.length;
      if (ends.includes(code) && bytes < 100_000) continue;
      wrong.push({
        args: args.join(" "),
        code,
        bytes,
        stderr: stderr.slice(-600),
        stdout: stdout.slice(-300),
      });
    }
    expect(wrong).toEqual([]);
  },
);
