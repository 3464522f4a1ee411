import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLines, commandNames, reachesAws } from "./every-command.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { fotaOnPty, hasPython } from "./on-pty.js";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(async () => await fleet.stop());

/** Jobs that no other test had. */
async function namesOfFreshJobs() {
  const ended = await fleet.publish({ to: ["pump-1", "pump-2"] });
  await fleet.report("pump-1", ended.jobId, "SUCCEEDED");
  await fleet.report("pump-2", ended.jobId, "FAILED", { reason: "digest-mismatch", detail: "expected one" });
  const running = await fleet.publish({ to: ["pump-3"] });
  return { ended: ended.jobId, running: running.jobId, thing: "pump-2", bucket: BUCKET };
}

test("the table has a line for each command there is", () => {
  const lines = commandLines({ ended: "a", running: "b", thing: "c", bucket: "d" });
  const covered = new Set(lines.map(({ args: [name] }) => name));
  expect(commandNames().filter((name) => !covered.has(name))).toEqual([]);
});

/**
 * One line of each kind that draws, asks or streams to a terminal: `terminal-sizes.e2e.test.ts` runs every command at
 * every size in one process, here is what only a real terminal and a real signal show.
 */
const SAMPLE =
  /^(status|status \S+ --w(atch|ait)|publish .*--to pump-2 --dry-run|list --counts|why \S+|cancel \S+|device .*|local .*)$/;

/** What goes on until it is stopped, and what asks. */
const MOVES = /^(status \S+ --w(atch|ait)|cancel \S+)$/;

const TERMINALS = [
  { what: "0 columns and rows", columns: 0, rows: 0, term: "xterm", only: SAMPLE },
  { what: "1 column, 1 row", columns: 1, rows: 1, term: "xterm", only: MOVES },
  { what: "0 columns, dumb", columns: 0, rows: 0, term: "dumb", only: MOVES },
];

describe.skipIf(!hasPython)("on a real terminal", () => {
  test.each(TERMINALS)(
    "commands end, and write no more than they have to say: $what",
    { timeout: 300_000 },
    async ({ columns, rows, term, only }) => {
      const reach = ["--local", "--endpoint-url", fleet.local.endpoint];
      const lines = commandLines({ ...(await namesOfFreshJobs()), term, columns }).filter(({ args }) =>
        only.test(args.join(" ")),
      );
      expect(lines.length).toBeGreaterThan(4);
      const wrong: object[] = [];
      const work = async () => {
        for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
          const { args, runsUntilStopped } = line;
          const { code, shown } = await fotaOnPty(reachesAws(args) ? [...args, ...reach] : args, {
            columns,
            rows,
            term,
            cwd: fleet.folder,
            ...(runsUntilStopped !== undefined && { signalAfter: runsUntilStopped }),
          });
          const ends = runsUntilStopped === undefined ? [0, 1, 2, 3, 75] : [0, 130];
          const isFine = ends.includes(code ?? -1) && !/RangeError|\(BUG\)/.test(shown);
          if (!isFine) wrong.push({ args: args.join(" "), code, shown: shown.slice(-600) });
        }
      };
      await Promise.all([work(), work()]);
      expect(wrong).toEqual([]);
    },
  );
});
