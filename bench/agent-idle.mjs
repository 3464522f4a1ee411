// An idle `fota-agent`, against mosquitto_sub (Debian: `mosquitto-clients`) and a Node.js that does nothing: memory, CPU
// while nothing happens, and the start. All are connected to the same stand-in by mutual TLS, in the same run.
// `npm run build` first; then: node bench/agent-idle.mjs [seconds] [rounds]
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initBootRecord } from "../packages/agent/dist/node/index.js";
import { startLocal } from "../packages/local/dist/index.js";

const THING = "idle-1";
const AGENT = join(import.meta.dirname, "../packages/agent/dist/fota-agent.cjs");
/** V8 collects garbage some seconds after the start, and once more when nothing happens. */
const SETTLE_SECONDS = 20;
const [seconds = 20, rounds = 3] = process.argv.slice(2).map(Number);

const dir = await mkdtemp(join(tmpdir(), "fota-bench-"));
const local = await startLocal();
try {
  const { certificatePem, privateKeyPem } = await local.provisionThing(THING);
  const [cert, key, ca] = [join(dir, "cert.pem"), join(dir, "key.pem"), local.ca];
  await writeFile(cert, certificatePem);
  await writeFile(key, privateKeyPem, { mode: 0o600 });
  await writeFile(join(dir, "slot-0"), "firmware");
  await initBootRecord(dir, 0);
  const { host, hostname, port } = new URL(local.mqtts);
  const config = { endpoint: host, thingName: THING, cert, key, ca, stateDir: dir };
  const slots = { type: "files", runningSlot: 0, restartCommand: ["true"] };
  await writeFile(join(dir, "agent.json"), JSON.stringify({ ...config, slots }));
  const identity = ["--cert", cert, "--key", key, "--cafile", ca];
  const topic = ["-t", `$aws/things/${THING}/jobs/notify`, "-q", "1"];
  const subscribe = ["-d", "-V", "5", "-h", hostname, "-p", port, "-i", THING, ...identity, ...topic];
  const programs = {
    "fota-agent": {
      command: [process.execPath, AGENT, "run", "--config", join(dir, "agent.json")],
      ready: /connected to/,
    },
    "node, idle": {
      command: [process.execPath, "-e", "console.error('ready'); setInterval(() => {}, 1e9)"],
      ready: /ready/,
    },
    mosquitto_sub: {
      // Its output goes to a pipe: without stdbuf, it would come only when the buffer is full.
      command: ["stdbuf", "-oL", "mosquitto_sub", ...subscribe],
      ready: /received SUBACK/,
    },
  };
  const measured = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, program] of Object.entries(programs)) measured[name].push(await measure(program));
  }
  report(measured);
} finally {
  await local.stop();
  await rm(dir, { recursive: true });
}

/** Runs a program until it is ready, then for the time of the measurement. */
async function measure({ command: [program, ...args], ready }) {
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    await printed(child, ready);
    const startMs = performance.now() - startedMs;
    const startCpuMs = await cpuMs(child.pid);
    await sleep(SETTLE_SECONDS * 1000);
    const before = await cpuMs(child.pid);
    await sleep(seconds * 1000);
    const idleCpuMs = (await cpuMs(child.pid)) - before;
    const { Rss, Pss, Private_Clean, Private_Dirty } = await memoryKib(child.pid);
    return {
      "RSS, MiB": Rss / 1024,
      "of its own, MiB": (Private_Clean + Private_Dirty) / 1024,
      "PSS, MiB": Pss / 1024,
      "CPU, ms per minute": (idleCpuMs * 60) / seconds,
      "start, ms": startMs,
      "CPU of the start, ms": startCpuMs,
    };
  } finally {
    child.kill();
    await ended;
  }
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

function report(measured) {
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  for (const [name, results] of Object.entries(measured)) {
    const figures = Object.keys(results[0]).map(
      (figure) => `${figure}: ${median(results.map((result) => result[figure])).toFixed(1)}`,
    );
    process.stdout.write(`${name}: ${figures.join("; ")} (median of ${results.length})\n`);
  }
}
