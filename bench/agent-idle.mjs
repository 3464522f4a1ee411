// An idle `fota-agent`, against mosquitto_sub (Debian: `mosquitto-clients`) and a Node.js that does nothing: memory, CPU
// while nothing happens, and the start. All are connected to the same stand-in by mutual TLS. They start one after the
// other and are then idle at the same time.
// `npm run build` first; then: node bench/agent-idle.mjs [--quick] [--json] [--seconds 20] [--settle 20] [--rounds 3]
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initBootRecord } from "../packages/agent/dist/node/index.js";
import { startLocal } from "../packages/local/dist/index.js";
import { figureRow } from "./harness/figures.mjs";
import { runBench } from "./harness/run-bench.mjs";

const AGENT = join(import.meta.dirname, "../packages/agent/dist/fota-agent.cjs");

await runBench(
  {
    name: "an idle fota-agent, against mosquitto_sub and an idle Node.js",
    options: {
      seconds: { type: "string", default: "20", quick: "10" },
      // V8 collects garbage some seconds after the start, and once more when nothing happens.
      settle: { type: "string", default: "20" },
    },
    rounds: { full: 3, quick: 1 },
  },
  async ({ values, rounds, peer }) => {
    const hasMosquitto = peer("mosquitto_sub", "mosquitto-clients") !== undefined;
    const dir = await mkdtemp(join(tmpdir(), "fota-bench-"));
    const local = await startLocal();
    try {
      const programs = await prepare(local, dir, hasMosquitto);
      const times = { settleMs: Number(values.settle) * 1000, idleMs: Number(values.seconds) * 1000 };
      const turns = [];
      for (let round = 0; round < rounds; round += 1) turns.push(await measureAll(programs, times));
      return figureRows(turns);
    } finally {
      await local.stop();
      await rm(dir, { recursive: true });
    }
  },
);

/** Makes a thing for each program that connects. Returns how each is started, and what it prints when it is ready. */
async function prepare(local, dir, hasMosquitto) {
  const { host, hostname, port } = new URL(local.mqtts);
  const makeThing = async (name) => {
    const { certificatePem, privateKeyPem } = await local.provisionThing(name);
    const folder = join(dir, name);
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    await mkdir(folder);
    await writeFile(cert, certificatePem);
    await writeFile(key, privateKeyPem, { mode: 0o600 });
    return { folder, cert, key };
  };
  const { folder, cert, key } = await makeThing("agent");
  await writeFile(join(folder, "slot-0"), "firmware");
  await initBootRecord(folder, 0);
  const slots = { type: "files", runningSlot: 0, restartCommand: ["true"] };
  const config = { endpoint: host, thingName: "agent", cert, key, ca: local.ca, stateDir: folder, slots };
  await writeFile(join(folder, "agent.json"), JSON.stringify(config));
  const other = await makeThing("subscriber");
  const identity = ["-i", "subscriber", "--cert", other.cert, "--key", other.key, "--cafile", local.ca];
  const topic = ["-t", "$aws/things/subscriber/jobs/notify", "-q", "1"];
  const subscribe = ["mosquitto_sub", "-d", "-V", "5", "-h", hostname, "-p", port, ...identity, ...topic];
  return {
    ours: {
      command: [process.execPath, AGENT, "run", "--config", join(folder, "agent.json")],
      ready: /connected to/,
    },
    bare: {
      command: [process.execPath, "-e", "console.error('ready'); setInterval(() => {}, 1e9)"],
      ready: /ready/,
    },
    // Its output goes to a pipe: without stdbuf, it would come only when the buffer is full.
    ...(hasMosquitto && { peer: { command: ["stdbuf", "-oL", ...subscribe], ready: /received SUBACK/ } }),
  };
}

/** Starts the programs, then lets all be idle at the same time. Returns the figures of each. */
async function measureAll(programs, { settleMs, idleMs }) {
  const running = [];
  try {
    for (const [side, program] of Object.entries(programs))
      running.push({ side, ...(await started(program)) });
    await sleep(settleMs);
    const before = await Promise.all(running.map(({ child }) => cpuMs(child.pid)));
    await sleep(idleMs);
    const figures = running.map(async ({ side, child, startMs, startCpuMs }, index) => {
      const cpuMsPerMinute = (((await cpuMs(child.pid)) - before[index]) * 60_000) / idleMs;
      const { Rss, Private_Clean, Private_Dirty } = await memoryKib(child.pid);
      const [rssMiB, ownMiB] = [Rss / 1024, (Private_Clean + Private_Dirty) / 1024];
      return [side, { rssMiB, ownMiB, cpuMsPerMinute, startMs, startCpuMs }];
    });
    return Object.fromEntries(await Promise.all(figures));
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

/** Starts a program and waits until it is ready. */
async function started({ command: [program, ...args], ready }) {
  const beganMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill();
    await ended;
  };
  try {
    await printed(child, ready);
    const startMs = performance.now() - beganMs;
    return { child, stop, startMs, startCpuMs: await cpuMs(child.pid) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function figureRows(turns) {
  const figures = {
    RSS: ["rssMiB", "MiB"],
    "memory that no other process shares": ["ownMiB", "MiB"],
    "CPU while idle": ["cpuMsPerMinute", "ms a minute"],
    "CPU of the start": ["startCpuMs", "ms"],
    "wall time of the start": ["startMs", "ms"],
  };
  return Object.entries(figures).map(([what, [key, unit]]) => {
    const values = (side) =>
      turns[0][side] === undefined ? undefined : turns.map((turn) => turn[side][key]);
    return figureRow({ what, unit, ours: values("ours"), peer: values("peer"), bare: values("bare") });
  });
}

/** Resolves when the output of `child` matches `pattern`. @throws with its output if it ends before */
async function printed(child, pattern) {
  let output = "";
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (pattern.test(output)) resolve();
      });
    }
    child.once("error", reject);
    child.once("close", () => reject(new Error(`${child.spawnfile} ended: ${output}`)));
    setTimeout(() => reject(new Error(`${child.spawnfile} is not ready: ${output}`)), 30_000).unref();
  });
}

/** Returns the sizes of /proc/PID/smaps_rollup, which counts pages that several processes share in parts (PSS). */
async function memoryKib(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Object.fromEntries(
    [...text.matchAll(/^(\w+): +(\d+) kB$/gm)].map(([, name, kib]) => [name, Number(kib)]),
  );
}

/** Returns the time that all threads of a process have run, from /proc/PID/task/TID/schedstat. */
async function cpuMs(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const ran = tasks.map(async (task) => await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8"));
  return (await Promise.all(ran)).reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e6, 0);
}
