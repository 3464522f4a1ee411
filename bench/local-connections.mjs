// Measures many connected things on one stand-in, each of which runs one job to SUCCEEDED, and compares connects and
// publishes with mosquitto. Run `npm run build` first; then: node bench/local-connections.mjs [--things 10000]
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadClient } from "./load-client.mjs";

const { values } = parseArgs({ options: { things: { type: "string", default: "10000" } } });
const count = Number(values.things);
const PUBLISHES_EACH = 10;
const CONNECTING_AT_ONCE = 100;
const TARGETS_PER_JOB = 100; // as many as AWS takes
/** Open files for node itself, the listening sockets and the REST requests. */
const OTHER_FILES = 200;

checkOpenFiles();
const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
const standIn = await measureStandIn();
const mosquitto = spawnSync("mosquitto", ["-h"]).error === undefined ? await measureMosquitto() : undefined;
report();

function checkOpenFiles() {
  const soft = process.report.getReport().userLimits?.open_files?.soft;
  if (soft === "unlimited" || soft === undefined || Number(soft) >= count + OTHER_FILES) return;
  process.stderr.write(
    `${count} connections need ${count + OTHER_FILES} open files, this shell allows ${soft}: ulimit -n ${count + OTHER_FILES}, or fewer --things\n`,
  );
  process.exit(1);
}

async function measureStandIn() {
  const child = fork(new URL("stand-in-process.mjs", import.meta.url), { execArgv: ["--expose-gc"] });
  const [info] = await once(child, "message");
  const memory = async () => {
    child.send("memory");
    return (await once(child, "message"))[0].rssBytes;
  };
  try {
    await eachOf(names, 20, (name) => rest(info.endpoint, "POST", `/things/${name}`, {}));
    const fleet = new Map();
    const broker = await measureBroker(Number(new URL(info.mqtt).port), memory, fleet);
    const jobsPerSecond = await measureJobs(info, fleet);
    const rssAfterJobs = await memory();
    for (const { client } of fleet.values()) client.close();
    return { ...broker, jobsPerSecond, rssAfterJobs };
  } finally {
    child.send("stop");
    await once(child, "exit");
  }
}

async function measureMosquitto() {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const config = `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 100\n`;
  await writeFile(join(folder, "mosquitto.conf"), config);
  const child = spawn("mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  const memory = async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  };
  try {
    await listening(port);
    const fleet = new Map();
    const measured = await measureBroker(port, memory, fleet);
    for (const { client } of fleet.values()) client.close();
    return measured;
  } finally {
    const gone = once(child, "exit");
    child.kill();
    await gone;
    await rm(folder, { recursive: true });
  }
}

/** Connects a client for each name, subscribes each to one topic, and makes all publish. */
async function measureBroker(port, memory, fleet) {
  const before = await memory();
  const connectSeconds = await timed(() =>
    eachOf(names, CONNECTING_AT_ONCE, async (name) => {
      const thing = { client: undefined, onMessage: () => undefined };
      fleet.set(name, thing);
      const onMessage = (topic, payload) => thing.onMessage(topic, payload);
      thing.client = await loadClient({ port, clientId: name, onMessage });
    }),
  );
  await eachOf(names, CONNECTING_AT_ONCE, (name) =>
    fleet.get(name).client.subscribe(`$aws/things/${name}/jobs/notify-next`),
  );
  const connected = await memory();
  const publishSeconds = await timed(() =>
    eachOf(names, CONNECTING_AT_ONCE, async (name) => {
      const { client } = fleet.get(name);
      for (let n = 0; n < PUBLISHES_EACH; n += 1) await client.publish(`dt/${name}/state`, `{"n":${n}}`);
    }),
  );
  return {
    connectsPerSecond: count / connectSeconds,
    bytesPerConnection: (connected - before) / count,
    publishesPerSecond: (count * PUBLISHES_EACH) / publishSeconds,
  };
}

/** Measures from the first CreateJob until the last thing gets the answer that its SUCCEEDED is accepted. */
async function measureJobs({ endpoint, region }, fleet) {
  const ended = names.map(
    (name) =>
      new Promise((resolve) => {
        const thing = fleet.get(name);
        const base = `$aws/things/${name}/jobs`;
        thing.onMessage = (topic, payload) => {
          if (topic === `${base}/notify-next`) {
            if (JSON.parse(payload).execution?.status === "QUEUED")
              thing.client.publish(`${base}/start-next`, "{}");
          } else if (topic === `${base}/start-next/accepted`) {
            const { jobId } = JSON.parse(payload).execution;
            thing.client.publish(`${base}/${jobId}/update`, '{"status":"SUCCEEDED"}');
          } else if (topic.endsWith("/update/accepted")) {
            resolve();
          }
        };
      }),
  );
  const jobs = Array.from({ length: Math.ceil(count / TARGETS_PER_JOB) }, (_, index) => ({
    jobId: `bench-${index}`,
    targets: names
      .slice(index * TARGETS_PER_JOB, (index + 1) * TARGETS_PER_JOB)
      .map((name) => `arn:aws:iot:${region}:000000000000:thing/${name}`),
  }));
  const seconds = await timed(async () => {
    for (const { jobId, targets } of jobs) {
      await rest(endpoint, "PUT", `/jobs/${jobId}`, { targets, document: '{"operation":"bench"}' });
    }
    await Promise.all(ended);
  });
  const described = await Promise.all(jobs.map(({ jobId }) => rest(endpoint, "GET", `/jobs/${jobId}`)));
  const succeeded = described.map(({ job }) => job.jobProcessDetails.numberOfSucceededThings);
  const total = succeeded.reduce((sum, each) => sum + each, 0);
  if (total !== count) throw new Error(`${total} of ${count} things have SUCCEEDED`);
  return count / seconds;
}

function report() {
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const kibibytes = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const rows = [
    ["", "fota local", "mosquitto", "ratio"],
    row("connects/s", "connectsPerSecond", (value) => value.toFixed(0)),
    row("publishes/s, QoS 1", "publishesPerSecond", (value) => value.toFixed(0)),
    row("memory per connection", "bytesPerConnection", kibibytes),
    ["jobs to SUCCEEDED/s", standIn.jobsPerSecond.toFixed(0), "", ""],
    ["memory after the jobs", mebibytes(standIn.rssAfterJobs), "", ""],
  ];
  const { model = "" } = cpus()[0] ?? {};
  process.stdout.write(`${count} things, Node ${process.version}, ${cpus().length} x ${model}\n`);
  for (const [label, ...cells] of rows) {
    process.stdout.write(`${label.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join("")}\n`);
  }
}

function row(label, key, format) {
  if (mosquitto === undefined) return [label, format(standIn[key]), "not there", ""];
  return [label, format(standIn[key]), format(mosquitto[key]), (standIn[key] / mosquitto[key]).toFixed(2)];
}

async function rest(endpoint, method, path, body) {
  const response = await fetch(`${endpoint}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** Runs `work` on every item, `width` items at a time. */
async function eachOf(items, width, work) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function timed(work) {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until something accepts connections there. */
async function listening(port) {
  for (let tries = 1; ; tries += 1) {
    try {
      (await loadClient({ port, clientId: "probe" })).close();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
