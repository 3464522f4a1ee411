// One step of `local-state.mjs`, in its own process: `node state-step.mjs <step> <folder> [things]`. Started with `fork`; it
// sends what it measured.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { systemClock } from "../packages/local/dist/clock.js";
import { createEngine } from "../packages/local/dist/engine/engine.js";

/** Commands that run at the same time and share a write to the disk. */
const BATCH = 500;

const [step, dir, things] = process.argv.slice(2);
await { fill, serve, start, parse }[step](Number(things));

/** A group of things, and a job that all of them have carried out. */
async function fill(count) {
  const engine = await open();
  const nameOf = (index) => `thing-${String(index).padStart(7, "0")}`;
  const each = async (run) => {
    for (let index = 0; index < count; index += BATCH) {
      const size = Math.min(BATCH, count - index);
      await Promise.all(Array.from({ length: size }, (_, place) => run(nameOf(index + place))));
    }
  };
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  await each((thingName) => engine.run("createThing", { thingName, attributes: { model: "x1" } }));
  await each((thingName) => engine.run("addThingToGroup", { thingName, thingGroupName: "fleet" }));
  const targets = ["arn:aws:iot:us-east-1:000000000000:thinggroup/fleet"];
  const job = { targets, document: "{}", targetSelection: "SNAPSHOT", config: {}, tags: {} };
  await engine.run("createJob", { jobId: "job-1", ...job });
  while (engine.world.jobs.get("job-1").rollout !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await each((thingName) => engine.run("startNextExecution", { thingName }));
  const done = { jobId: "job-1", status: "SUCCEEDED", statusDetails: { progress: "100" } };
  await each((thingName) => engine.run("updateExecution", { thingName, ...done }));
  await engine.close();
  process.disconnect();
}

/** Answers each request with a durable change. The start has found a long journal, so it writes a snapshot meanwhile. */
async function serve() {
  let engine;
  const server = createServer(async (_request, response) => {
    await engine.run("updateThing", { thingName: "thing-0000001", attributes: { at: "now" } });
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  engine = await open();
  let longest = watchTurns();
  process.on("message", async (message) => {
    if (message === "turns") {
      process.send(longest.stop());
      longest = watchTurns();
    } else {
      longest.stop();
      server.close();
      await engine.close();
      process.disconnect();
    }
  });
  process.send({ port: server.address().port });
}

/** Measures each turn of the event loop; for that, the loop never waits. */
function watchTurns() {
  const longest = { turnCpuMs: 0, turnMs: 0 };
  let [cpuMs, ms] = [threadCpuMs(), performance.now()];
  let next;
  const turn = () => {
    const [nowCpuMs, nowMs] = [threadCpuMs(), performance.now()];
    longest.turnCpuMs = Math.max(longest.turnCpuMs, nowCpuMs - cpuMs);
    longest.turnMs = Math.max(longest.turnMs, nowMs - ms);
    [cpuMs, ms] = [nowCpuMs, nowMs];
    next = setImmediate(turn);
  };
  turn();
  return {
    stop() {
      clearImmediate(next);
      return longest;
    },
  };
}

/** Returns the processor time of this thread, without those that collect garbage: /proc/<pid>/task/<tid>/schedstat. */
function threadCpuMs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

async function start() {
  await measure(open);
}

/** What a start must do at least: read the file. */
async function parse() {
  await measure(async () => JSON.parse(await readFile(join(dir, "snapshot.json"), "utf8")));
}

async function measure(work) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const { rss } = process.memoryUsage();
  process.send({ cpuMs: (user + system) / 1000, ms: performance.now() - startMs, rssMiB: rss / 2 ** 20 });
  await result.close?.();
  process.disconnect();
}

function open() {
  return createEngine({ clock: systemClock, region: "us-east-1", dir });
}
