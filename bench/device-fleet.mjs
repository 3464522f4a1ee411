// `fota device --count N` on one stand-in: memory and processor time for each agent, idle and for an update of 1 MiB.
// Peer: the MQTT 5 client of AWS's device SDK in one Node.js. Bare: connections of node:tls in one Node.js. Both hold the
// connections of the same devices by mutual TLS, and do nothing else.
// `npm run build` first; then: node bench/device-fleet.mjs [--quick] [--json] [--counts 100,1000,10000] [--size MiB]
// [--peers 1000]. 10,000 devices need 10,300 open files in each process (`ulimit -n`), 4 GiB of memory, 10 GiB for their
// slots, and about 10 minutes of one core. The peers hold at most as many connections as `--peers` says.
import { fork, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { figureRow } from "./harness/figures.mjs";
import { cpuMsDuring, cpuMsOf, peakRssMiBOf, rssMiBOf } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=0";
/** The goals are for a fleet: with few devices, the 16 updates at once are most of the memory. */
const FLEET = 1_000;
/** How often a long step reports how far it is. */
const PROGRESS_MS = 10_000;

await runBench(
  {
    name: "fota device --count, one agent; peer: a client of AWS's device SDK; bare: a connection of node:tls",
    options: {
      counts: { type: "string", default: "100,1000,10000", quick: "60" },
      size: { type: "string", default: "1" },
      idle: { type: "string", default: "20", quick: "3" },
      peers: { type: "string", default: "1000" },
    },
    rounds: { full: 3, quick: 1 },
  },
  async ({ values, rounds, note }) => {
    const rows = [];
    const sizeMib = Number(values.size);
    const idleMs = Number(values.idle) * 1000;
    for (const count of values.counts.split(",").map(Number)) {
      const peerCount = Math.min(count, Number(values.peers));
      const turns = [];
      for (let round = 0; round < rounds; round += 1) {
        note(`${count} devices, round ${round + 1} of ${rounds}`);
        turns.push(await measure({ count, peerCount, sizeMib, idleMs, note }));
      }
      rows.push(...rowsOf(count, turns));
    }
    return rows;
  },
);

function rowsOf(count, turns) {
  const row = (key, what, unit, goal) => {
    const [ours, peer, bare] = ["ours", "sdk", "tls"].map((side) => {
      const values = turns.map((turn) => turn[side][key]);
      return values[0] === undefined ? undefined : values;
    });
    const isJudged = goal !== undefined && (count >= FLEET || key === "updateCpuMs");
    return figureRow({ what: `${count}: ${what}`, unit, ours, peer, bare, ...(isJudged && { goal }) });
  };
  return [
    row("idleMiB", "memory, idle", "MiB", { atMost: 0.3 }),
    row("idleCpuMs", "CPU, idle", "ms/min"),
    row("connectCpuMs", "CPU to connect; ours also makes thing and certificate", "ms"),
    row("updateCpuMs", "CPU of an update", "ms", { atMost: 30 }),
    row("localCpuMs", "CPU of an update in fota local", "ms"),
    row("peakMiB", "memory, peak of the updates", "MiB", { atMost: 0.3 }),
    row("updateSeconds", "time until all have SUCCEEDED", "s"),
  ];
}

async function measure({ count, peerCount, sizeMib, idleMs, note }) {
  const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const local = start(["local", "--json", "--ports", "auto", "--bucket", "firmware"]);
  try {
    const info = JSON.parse(await local.line((line) => line.startsWith("{")));
    const dir = join(folder, "devices");
    const alone = await fleetOf("alone", 1, dir, info, note);
    const baseMiB = await rssMiBOf(alone.child.pid);
    await stop(alone);
    const { pid: localPid } = local.child;
    const ours = await measureFleet({ count, sizeMib, idleMs, folder, dir, info, baseMiB, localPid, note });
    const things = Array.from({ length: peerCount }, (_, index) => `bench-${index + 1}`);
    const clients = { dir, things, mqtts: info.mqtts };
    const tls = await measureClients({ ...clients, kind: "tls" }, idleMs);
    const sdk = await measureClients({ ...clients, kind: "sdk" }, idleMs);
    return { ours, tls, sdk };
  } finally {
    await stop(local);
    await rm(folder, { recursive: true });
  }
}

/** Starts devices, and waits until all are connected. */
async function fleetOf(thing, count, dir, { endpoint }, note) {
  const args = ["device", "--local", "--thing", thing, "--count", String(count), "--dir", dir, "--json"];
  const fleet = start(args, endpoint);
  await thingsWith(fleet, '"event":"connected"', count, (seen) => note(`${seen} of ${count} connected`));
  return fleet;
}

/**
 * Resolves when `count` things have reported an event with `text`. A device may report one again: after a lost connection, or
 * because it got no answer. Rejects if an update fails. Calls `onProgress` now and then.
 */
async function thingsWith(fleet, text, count, onProgress) {
  const seen = new Set();
  const timer = setInterval(() => onProgress(seen.size), PROGRESS_MS);
  try {
    await fleet.line((line) => {
      if (line.includes('"reason":')) throw new Error(`an update failed: ${line}`);
      if (line.includes(text)) seen.add(JSON.parse(line).thing);
      return seen.size === count;
    });
  } finally {
    clearInterval(timer);
  }
}

async function measureFleet({ count, sizeMib, idleMs, folder, dir, info, baseMiB, localPid, note }) {
  const fleet = await fleetOf("bench", count, dir, info, note);
  try {
    const { pid } = fleet.child;
    const connectCpuMs = (await cpuMsOf(pid)) / count;
    const idleCpuMs = await idleCpuMsOf(pid, idleMs, count);
    const idleMiB = ((await rssMiBOf(pid)) - baseMiB) / count;
    const group = await groupOf(info.endpoint, count);
    const image = join(folder, "image");
    await writeFile(image, randomBytes(sizeMib * 1024 * 1024));
    const startMs = performance.now();
    const localStartMs = await cpuMsOf(localPid);
    const { cpuMs } = await cpuMsDuring(pid, async () => {
      const to = ["--slot", "any", "--to", `group:${group}`, "--bucket", "firmware", "--local", "--json"];
      const publish = start(["publish", image, ...to], info.endpoint);
      const succeeded = thingsWith(fleet, '"phase":"done"', count, (seen) =>
        note(`${seen} of ${count} updated`),
      );
      succeeded.catch(() => {}); // awaited below, after the command
      if ((await publish.ended) !== 0) throw new Error(`fota publish: ${publish.stderr()}`);
      await succeeded;
    });
    const localCpuMs = ((await cpuMsOf(localPid)) - localStartMs) / count;
    const updateSeconds = (performance.now() - startMs) / 1000;
    const peakMiB = ((await peakRssMiBOf(pid)) - baseMiB) / count;
    return {
      connectCpuMs,
      idleCpuMs,
      idleMiB,
      updateCpuMs: cpuMs / count,
      localCpuMs,
      peakMiB,
      updateSeconds,
    };
  } finally {
    await stop(fleet);
  }
}

async function measureClients(options, idleMs) {
  const count = options.things.length;
  const child = fork(new URL("fleet-clients.mjs", import.meta.url), [JSON.stringify(options)]);
  try {
    await once(child, "message");
    const baseMiB = await rssMiBOf(child.pid);
    const { cpuMs } = await cpuMsDuring(child.pid, async () => {
      child.send("connect");
      await once(child, "message");
    });
    await sleep(idleMs); // what follows the connection
    const idleMiB = ((await rssMiBOf(child.pid)) - baseMiB) / count;
    return { connectCpuMs: cpuMs / count, idleMiB };
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** Returns the processor time of one device in a minute in which nothing happens. */
async function idleCpuMsOf(pid, idleMs, count) {
  await sleep(idleMs); // what follows the connection
  const { cpuMs } = await cpuMsDuring(pid, () => sleep(idleMs));
  return (cpuMs * 60_000) / idleMs / count;
}

/** Makes a thing group of all devices. */
async function groupOf(endpoint, count) {
  const request = async (method, path, body) => {
    const headers = { authorization: AUTHORIZATION, "content-type": "application/json" };
    const answer = await fetch(endpoint + path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  await request("POST", "/thing-groups/bench", {});
  for (let index = 1; index <= count; index += 1) {
    const member = { thingGroupName: "bench", thingName: `bench-${index}` };
    await request("PUT", "/thing-groups/addThingToThingGroup", member);
  }
  return "bench";
}

function start(args, endpoint) {
  const env = { ...process.env, ...(endpoint && { AWS_ENDPOINT_URL: endpoint }) };
  const child = spawn(process.execPath, [FOTA, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const listeners = new Set();
  createInterface(child.stdout).on("line", (line) => {
    for (const listener of listeners) listener(line);
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  /** Resolves with the first line that `isWanted`. Rejects if that throws, or if the command ends before. */
  const nextLine = (isWanted) =>
    new Promise((resolve, reject) => {
      const listener = (line) => {
        try {
          if (!isWanted(line)) return;
          resolve(line);
        } catch (error) {
          reject(error);
        }
        listeners.delete(listener);
      };
      listeners.add(listener);
      void ended.then(() => reject(new Error(`fota ${args[0]} ended: ${stderr}`)));
    });
  return { child, ended, stderr: () => stderr, line: nextLine };
}

async function stop({ child, ended }) {
  child.kill("SIGTERM");
  await ended;
}
