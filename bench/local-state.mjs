// The durable state of the stand-in with many things: pauses while it writes a snapshot, and the start, compared with
// JSON.parse of the same file. `npm run build` first; then: node bench/local-state.mjs [--things 100000] [--rounds 3]
import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, stat } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { runBench } from "./harness/run-bench.mjs";

const STEP = join(import.meta.dirname, "state-step.mjs");
/** Goals for the start hold for large states; with small ones, what Node.js itself takes decides. */
const GOALS_FROM_THINGS = 100_000;
const agent = new Agent({ keepAlive: true });

await runBench(
  {
    name: "the durable state of the stand-in, compared with JSON.parse of its file",
    options: { things: { type: "string", default: "100000", quick: "10000" } },
    rounds: { full: 3, quick: 3 },
  },
  async ({ values: { things }, rounds, note }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
    try {
      const filled = join(folder, "filled");
      const startMs = performance.now();
      await once(fork(STEP, ["fill", filled, things]), "exit");
      note(`${things} things made in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
      const dir = join(folder, "state");
      const snapshots = [];
      for (let round = 0; round < rounds; round += 1) {
        await rm(dir, { recursive: true, force: true });
        await cp(filled, dir, { recursive: true });
        snapshots.push(await whileSnapshotIsWritten(dir));
      }
      const { size } = await stat(join(dir, "snapshot.json"));
      const { ours, bare } = await inTurns(rounds, {
        ours: () => runStep("start", dir),
        bare: () => runStep("parse", dir),
      });
      return rowsOf({ things: Number(things), snapshots, ours, bare, fileMiB: size / 2 ** 20 });
    } finally {
      agent.destroy();
      await rm(folder, { recursive: true });
    }
  },
);

function rowsOf({ things, snapshots, ours, bare, fileMiB }) {
  const take = (list, key) => list.map((each) => each[key]);
  const goalOfStart = (atMost) => (things < GOALS_FROM_THINGS ? undefined : { atMost, of: "bare" });
  return [
    figureRow({
      what: "longest turn of the event loop while a snapshot is written, processor time (bare: after it)",
      unit: "ms",
      ours: take(snapshots, "turnCpuMs"),
      bare: take(snapshots, "turnCpuMsAfter"),
      goal: { atMost: 100 },
    }),
    figureRow({
      what: "the same, wall time",
      unit: "ms",
      ours: take(snapshots, "turnMs"),
      bare: take(snapshots, "turnMsAfter"),
    }),
    figureRow({
      what: "longest request meanwhile, with a durable change",
      unit: "ms",
      ours: take(snapshots, "requestMs"),
      bare: take(snapshots, "requestMsAfter"),
    }),
    figureRow({
      what: "processor time of a start (bare: JSON.parse)",
      unit: "ms",
      ours: take(ours, "cpuMs"),
      bare: take(bare, "cpuMs"),
      goal: goalOfStart(1.5),
    }),
    figureRow({
      what: "wall time of a start (bare: JSON.parse)",
      unit: "ms",
      ours: take(ours, "ms"),
      bare: take(bare, "ms"),
    }),
    figureRow({
      what: "memory after a start (bare: size of the file)",
      unit: "MiB",
      ours: take(ours, "rssMiB"),
      bare: ours.map(() => fileMiB),
      goal: goalOfStart(4),
    }),
  ];
}

/** Returns the longest request and turn while a snapshot is written, and in as much time after that. */
async function whileSnapshotIsWritten(dir) {
  const server = fork(STEP, ["serve", dir]);
  const [{ port }] = await once(server, "message");
  const inodeOf = async () => (await stat(join(dir, "snapshot.json"))).ino;
  const before = await inodeOf();
  const startMs = performance.now();
  const requestMs = await longestRequest(port, async () => (await inodeOf()) !== before);
  const { turnCpuMs, turnMs } = await turnsOf(server);
  const endMs = 2 * performance.now() - startMs;
  const requestMsAfter = await longestRequest(port, () => performance.now() > endMs);
  const after = await turnsOf(server);
  server.send("stop");
  await once(server, "exit");
  return {
    requestMs,
    turnCpuMs,
    turnMs,
    requestMsAfter,
    turnCpuMsAfter: after.turnCpuMs,
    turnMsAfter: after.turnMs,
  };
}

async function turnsOf(server) {
  server.send("turns");
  return (await once(server, "message"))[0];
}

async function longestRequest(port, isOver) {
  let longestMs = 0;
  while (!(await isOver())) longestMs = Math.max(longestMs, await request(port));
  return longestMs;
}

/** Returns how many milliseconds a request took. */
async function request(port) {
  const startMs = performance.now();
  const [response] = await once(get({ port, agent }), "response");
  await response.resume().toArray();
  return performance.now() - startMs;
}

async function runStep(step, dir) {
  const child = fork(STEP, [step, dir]);
  const [measured] = await once(child, "message");
  await once(child, "exit");
  return measured;
}
