// `npm run soak`: runs virtual devices against one `fota local --dir`, kills processes of both at random, and publishes
// good and bad images. At the end it stops killing and waits until no job execution is pending; then the status that
// AWS has for each device must match what the device runs by its own boot record and slots.
// Usage: node scripts/soak.mjs [--minutes 10] [--devices 300] [--seed N] [--keep]
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const FOTA = resolve("packages/cli/dist/fota.cjs");
const BUCKET = "firmware";
const DEVICES_IN_PROCESS = 30;
/** AWS allows 100 targets per job. */
const TARGETS_MAX = 100;
const IMAGE_BYTES = 200_000;
const DEVICE_KILL_EVERY_MS = 6_000;
const LOCAL_KILL_EVERY_MS = 30_000;
const PUBLISH_EVERY_MS = 5_000;
/** Limits the time of the last updates, after the killing has stopped. */
const SETTLE_MS = 300_000;
const ENDED = new Set(["SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED"]);

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    devices: { type: "string", default: "300" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    keep: { type: "boolean", default: false },
  },
});
const [minutes, deviceCount, seed] = [values.minutes, values.devices, values.seed].map(Number);
if (!(minutes > 0 && deviceCount >= 1 && Number.isInteger(deviceCount) && Number.isInteger(seed))) {
  console.error("soak: --minutes, --devices and --seed take numbers");
  process.exit(2);
}

const random = randomFrom(seed);
const folder = await mkdtemp(join(tmpdir(), "fota-soak-"));
const counts = { localKills: 0, deviceKills: 0, published: 0, publishFailed: 0, spoiled: 0, crashes: 0 };
const problems = [];
let isStopping = false;
/** Is true when nothing is killed any more and devices no longer fail on purpose. */
let isSettling = false;

say(`${deviceCount} devices, ${minutes} min, seed ${seed}, in ${folder}`);
const ports = await freePorts(4);
const endpoint = `http://127.0.0.1:${ports[0]}`;
const env = {
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
};

const local = runAgain("fota local", () => [
  "local",
  "--dir",
  join(folder, "cloud"),
  ...["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((name, i) => [name, String(ports[i])]),
  "--bucket",
  BUCKET,
]);
const groups = [];
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupted.abort());
let exitCode = 1;
try {
  await answering();
  for (let first = 0; first < deviceCount; first += DEVICES_IN_PROCESS) {
    groups.push(makeGroup(first / DEVICES_IN_PROCESS, Math.min(DEVICES_IN_PROCESS, deviceCount - first)));
  }
  const things = groups.flatMap((group) => group.things);
  const startedMs = performance.now();
  await waitFor("every device to be connected", 600_000, () =>
    groups.every((group) => group.connected.size === group.things.length),
  );
  say(`every device was connected after ${seconds(performance.now() - startedMs)} s`);

  const endMs = performance.now() + minutes * 60_000;
  await Promise.all([killLocal(endMs), killDevices(endMs), publishImages(things, endMs)]);
  await settle(things);
  exitCode = (await report(things)) ? 0 : 1;
} catch (error) {
  console.error(`soak failed: ${error.stack}`);
} finally {
  isStopping = true;
  await Promise.all([local, ...groups.map((group) => group.process)].map((each) => each.stop()));
  if (values.keep || exitCode !== 0) say(`the state is kept in ${folder}`);
  else await rm(folder, { recursive: true });
}
process.exit(exitCode);

/** Devices that share a process, and die together. */
function makeGroup(index, size) {
  const name = `soak${index}`;
  const things = Array.from({ length: size }, (_, i) => `${name}-${i + 1}`);
  const group = { things, dir: join(folder, name), connected: new Set() };
  group.process = runAgain(
    name,
    () => {
      const fails = ["self-test", "boot", "hang"];
      const fail =
        !isSettling && random() < 0.25 ? ["--fail", fails[Math.floor(random() * fails.length)]] : [];
      const how = ["--confirm-within", "3s", ...fail];
      return [
        "device",
        "--local",
        "--thing",
        name,
        "--count",
        String(size),
        "--dir",
        group.dir,
        "--json",
        ...how,
      ];
    },
    (line) => {
      if (!line.includes('"connected"')) return;
      group.connected.add(JSON.parse(line).thing);
    },
  );
  return group;
}

async function killLocal(endMs) {
  while (await pause(LOCAL_KILL_EVERY_MS, endMs)) {
    counts.localKills += 1;
    local.kill();
  }
}

async function killDevices(endMs) {
  while (await pause(DEVICE_KILL_EVERY_MS, endMs)) {
    counts.deviceKills += 1;
    groups[Math.floor(random() * groups.length)].process.kill();
  }
}

/**
 * Publishes images to some of the devices, then corrupts about every third in the bucket, as if its build had failed.
 */
async function publishImages(things, endMs) {
  while (await pause(PUBLISH_EVERY_MS, endMs)) {
    const image = join(folder, `image-${counts.published}`);
    await writeFile(image, randomBytes(IMAGE_BYTES));
    const targets = things
      .filter(() => random() < Math.min(1, TARGETS_MAX / things.length) * 0.7)
      .slice(0, TARGETS_MAX);
    if (targets.length === 0) continue;
    const slot = random() < 0.5 ? "0" : "1";
    const to = targets.flatMap((thing) => ["--to", thing]);
    const { code, stdout } = await fota([
      "publish",
      image,
      "--slot",
      slot,
      ...to,
      "--bucket",
      BUCKET,
      "--json",
    ]);
    await rm(image);
    if (code !== 0) {
      counts.publishFailed += 1; // the stand-in was just killed; the list of jobs shows whether the job exists
      continue;
    }
    counts.published += 1;
    if (random() < 0.3) await spoil(JSON.parse(stdout).jobId);
  }
}

/** Replaces the image of a job with other bytes. */
async function spoil(jobId) {
  try {
    const { bc_url: url } = await documentOf(jobId);
    const credential = "Credential=test/20260101/us-east-1/s3/aws4_request";
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`;
    const { pathname } = new URL(url);
    const response = await fetch(`${endpoint}${pathname}`, {
      method: "PUT",
      headers: { authorization, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      body: randomBytes(IMAGE_BYTES),
    });
    if (response.ok) counts.spoiled += 1;
  } catch {
    // The stand-in is down, so this image stays a good one.
  }
}

/** Stops what fails on purpose, and waits until no execution is pending. */
async function settle(things) {
  isSettling = true;
  say("no more kills: waiting for the last updates");
  for (const group of groups) group.process.kill();
  const startedMs = performance.now();
  let pending = things.length;
  await waitFor("the last updates", SETTLE_MS, async () => {
    const all = await executionsOf(things);
    pending = [...all.values()].flat().filter(({ status }) => !ENDED.has(status)).length;
    return pending === 0;
  }).catch(() => problems.push(`${pending} executions are still pending after ${SETTLE_MS / 1000} s`));
  say(`it took ${seconds(performance.now() - startedMs)} s`);
}

/** Compares what the executions report with what each device runs. */
async function report(things) {
  const executions = await executionsOf(things);
  const documents = new Map();
  const statuses = {};
  let updated = 0;
  for (const group of groups) {
    for (const thing of group.things) {
      const ended = (executions.get(thing) ?? []).toSorted((a, b) => a.atMs - b.atMs);
      for (const { jobId, status } of ended) {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (!documents.has(jobId)) documents.set(jobId, await documentOf(jobId));
      }
      const last = ended.findLast(({ status }) => status === "SUCCEEDED");
      // Times are in whole seconds: two updates that ended in the same second may be in either order.
      const candidates = ended.filter(({ status, atMs }) => status === "SUCCEEDED" && atMs === last.atMs);
      const { current, working, image } = await runningOn(join(group.dir, thing), documents);
      const images = candidates.map(({ jobId }) => documents.get(jobId).bc_sha256);
      if (last !== undefined) updated += 1;
      if (current !== working) problems.push(`${thing}: slot ${current} is still on trial`);
      const isTrue = last === undefined ? image === "none" : images.includes(image);
      if (!isTrue) {
        const says = last === undefined ? "no update succeeded" : `${last.jobId} succeeded (${images})`;
        problems.push(`${thing}: ${says}, but slot ${current} runs ${image}`);
      }
    }
  }
  say(
    `jobs ${documents.size}, published ${counts.published}, failed to publish ${counts.publishFailed}, spoiled ${counts.spoiled}`,
  );
  say(
    `kills: stand-in ${counts.localKills}, device processes ${counts.deviceKills} of up to ${DEVICES_IN_PROCESS} devices; other ends ${counts.crashes}`,
  );
  say(
    `executions: ${Object.entries(statuses)
      .map(([status, count]) => `${status} ${count}`)
      .join(", ")}`,
  );
  say(`${updated} of ${things.length} devices were updated at least once`);
  for (const problem of problems) say(`WRONG ${problem}`);
  say(
    problems.length === 0 ? `all ${things.length} devices ended truthfully` : `${problems.length} problems`,
  );
  return problems.length === 0;
}

/** Returns what a device runs by its boot record and slots; "none" is the empty slot that it was created with. */
async function runningOn(dir, documents) {
  const copies = await Promise.all(
    ["boot-record-a", "boot-record-b"].map((name) => readCopy(join(dir, name))),
  );
  const newest = copies.filter(Boolean).toSorted((a, b) => b.sequence - a.sequence)[0];
  if (newest === undefined) throw new Error(`${dir} has no whole copy of the boot record`);
  const { currentSlot: current, workingSlot: working } = newest;
  const sizes = new Set([...documents.values()].map((document) => document.bc_size));
  const digests = new Set([...documents.values()].map((document) => document.bc_sha256));
  const bytes = await readSlot(join(dir, `slot-${current}`));
  for (const size of sizes) {
    const image = createHash("sha256").update(bytes.subarray(0, size)).digest("hex");
    if (digests.has(image)) return { current, working, image };
  }
  return { current, working, image: bytes.length === 0 ? "none" : "an image of no job" };
}

/**
 * Parses a copy of the boot record, as `packages/agent/src/boot/boot-record.ts` writes it; `undefined` if it is torn.
 */
async function readCopy(path) {
  const text = await readFile(path, "utf8");
  const [, digest, json] = /^([0-9a-f]{64}) (\{.*\})\n$/.exec(text) ?? [];
  const isWhole = json !== undefined && createHash("sha256").update(json).digest("hex") === digest;
  return isWhole ? JSON.parse(json) : undefined;
}

async function readSlot(path) {
  try {
    return await readFile(path);
  } catch (error) {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** Is keyed by thing. */
async function executionsOf(things) {
  const found = new Map();
  for (const thing of things) {
    const own = [];
    for (let token = ""; token !== undefined; ) {
      const page = await ask(
        `/things/${thing}/jobs?maxResults=250${token && `&nextToken=${encodeURIComponent(token)}`}`,
      );
      for (const { jobId, jobExecutionSummary } of page.executionSummaries) {
        own.push({
          jobId,
          status: jobExecutionSummary.status,
          atMs: jobExecutionSummary.lastUpdatedAt * 1000,
        });
      }
      token = page.nextToken;
    }
    found.set(thing, own);
  }
  return found;
}

async function documentOf(jobId) {
  return JSON.parse((await ask(`/jobs/${jobId}/job-document`)).document);
}

async function ask(path) {
  const response = await fetch(`${endpoint}${path}`);
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

async function answering() {
  await waitFor("the stand-in", 60_000, async () => (await fetch(`${endpoint}/_fota/health`)).ok);
}

/** Runs a program of the CLI and restarts it each time it ends, until `stop`. */
function runAgain(name, argsOf, onLine = () => {}) {
  let child;
  let wasKilled = false;
  const done = (async () => {
    while (!isStopping) {
      wasKilled = false;
      child = spawn(process.execPath, [FOTA, ...argsOf()], { env, stdio: ["ignore", "pipe", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (piece) => {
        stderr = `${stderr}${piece}`.slice(-2000);
      });
      createInterface({ input: child.stdout }).on("line", onLine);
      const [code] = await once(child, "close");
      if (!wasKilled && !isStopping) {
        counts.crashes += 1;
        // While the stand-in is down a device cannot start: restart it, as its system would.
        if (!stderr.includes("LOCAL_NOT_RUNNING"))
          say(`${name} ended with ${code}: ${stderr.trim().slice(-500)}`);
        if (code === 70 || stderr.includes("LOCAL_DIR_INVALID")) problems.push(`${name}: ${stderr.trim()}`);
      }
      if (!isStopping) await sleep(200 + random() * 1500);
    }
  })();
  return {
    kill: () => {
      wasKilled = true;
      child?.kill("SIGKILL");
    },
    stop: async () => {
      child?.kill("SIGKILL");
      await done;
    },
  };
}

async function fota(args) {
  const child = spawn(process.execPath, [FOTA, ...args], { env, stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.on("data", (piece) => {
    stdout += piece;
  });
  const [code] = await once(child, "close");
  return { code, stdout };
}

/** Waits about this long; returns false when the time is over. */
async function pause(aboutMs, endMs) {
  const waitMs = aboutMs * (0.5 + random());
  const leftMs = endMs - performance.now();
  await sleep(Math.max(0, Math.min(waitMs, leftMs)), undefined, { signal: interrupted.signal });
  return leftMs > waitMs;
}

async function waitFor(what, limitMs, isDone) {
  const endMs = performance.now() + limitMs;
  while (
    !(await Promise.resolve()
      .then(isDone)
      .catch(() => false))
  ) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
    await sleep(1_000, undefined, { signal: interrupted.signal });
  }
}

/** Keeps the ports the same across restarts, so that devices find the stand-in again. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const found = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return found;
}

/** Returns numbers from 0 up to 1 from a seed (mulberry32). */
function randomFrom(start) {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}

function say(text) {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
