// Measures `fota status` on a job with many executions in the stand-in: requests, time, and the memory of a whole
// listing, compared with `aws iot list-job-executions-for-job` if that is installed.
//   node bench/status.mjs [--things 100000] [--rounds 3]
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const { values } = parseArgs({
  options: { things: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
});
const [things, rounds] = [Number(values.things), Number(values.rounds)];
const JOB = "fleet";
const AT_ONCE = 32;

const child = fork(new URL("stand-in-process.mjs", import.meta.url));
const [{ endpoint, region }] = await once(child, "message");
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const asked = [];
const counter = createServer((incoming, answer) => {
  asked.push(`${incoming.method} ${incoming.url.split("?")[0]}`);
  const { method, headers } = incoming;
  const onward = request(endpoint + incoming.url, { method, headers, agent }, (answered) => {
    answer.writeHead(answered.statusCode, answered.headers);
    answered.pipe(answer);
  });
  incoming.pipe(onward);
}).listen(0, "127.0.0.1");
await once(counter, "listening");

try {
  await seed();
  await countCalls();
  await time(["status", JOB, "--json"], "fota status <job>");
  const list = await time(["status", JOB, "--things", "--json"], "fota status <job> --things --json");
  if (spawnSync("aws", ["--version"]).status === 0) {
    const args = ["iot", "list-job-executions-for-job", "--job-id", JOB];
    const aws = await measured("aws", args, "aws iot list-job-executions-for-job");
    print(
      `of aws: ${(list.seconds / aws.seconds).toFixed(2)} times its time, ${(list.mib / aws.mib).toFixed(2)} its memory`,
    );
  }
} finally {
  counter.close();
  counter.closeAllConnections();
  agent.destroy();
  child.send("stop");
}

/** Half of the fleet succeeded, 5 % failed, 5 % are in progress, the others are queued. */
async function seed() {
  const startMs = performance.now();
  await ask("POST", "/thing-groups/all", {});
  await atOnce(async (i) => {
    await ask("POST", `/things/pump-${i}`, {});
    const member = { thingGroupName: "all", thingName: `pump-${i}` };
    await ask("PUT", "/thing-groups/addThingToThingGroup", member);
  });
  const { thingGroupArn } = JSON.parse(await ask("GET", "/thing-groups/all"));
  await ask("PUT", `/jobs/${JOB}`, { targets: [thingGroupArn], document: "{}" });
  for (;;) {
    const { job } = JSON.parse(await ask("GET", `/jobs/${JOB}`));
    if (job.jobProcessDetails.numberOfQueuedThings === things) break;
  }
  await atOnce(async (i) => {
    const state = stateOf(i % 20);
    if (state !== undefined) await ask("POST", `/things/pump-${i}/jobs/${JOB}`, state, "iot-jobs-data");
  });
  print(`seeded ${things} executions in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

function stateOf(kind) {
  if (kind < 10) return { status: "SUCCEEDED" };
  if (kind === 10) return { status: "FAILED", statusDetails: { reason: "digest-mismatch" } };
  return kind === 11
    ? { status: "IN_PROGRESS", statusDetails: { phase: "downloading", percent: "42" } }
    : undefined;
}

async function countCalls() {
  const { port } = counter.address();
  await run(process.execPath, [FOTA, "status", JOB], `http://127.0.0.1:${port}`);
  print(`fota status <job>: ${asked.length} requests: ${asked.join(", ")}`);
}

async function time(args, name) {
  return await measured(process.execPath, [FOTA, ...args], name);
}

/** Returns the best time and the largest memory of all rounds. */
async function measured(command, args, name) {
  const all = [];
  for (let round = 0; round < rounds; round += 1) {
    const said = await run("/usr/bin/time", ["-f", "%e %M", command, ...args], endpoint);
    const [seconds, kib] = said.trim().split("\n").at(-1).split(" ").map(Number);
    all.push({ seconds, mib: kib / 1024 });
  }
  const seconds = Math.min(...all.map((one) => one.seconds));
  const mib = Math.max(...all.map((one) => one.mib));
  print(`${name}: ${seconds.toFixed(2)} s, peak ${Math.round(mib)} MiB`);
  return { seconds, mib };
}

/** Runs a command, discards its stdout, and returns its stderr. */
async function run(command, args, url) {
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_CONFIG_FILE: "/dev/null" };
  const where = { AWS_ENDPOINT_URL: url, AWS_REGION: region, AWS_DEFAULT_REGION: region };
  const running = spawn(command, args, {
    env: { ...process.env, ...keys, ...where, AWS_SHARED_CREDENTIALS_FILE: "/dev/null" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  running.stderr.on("data", (piece) => {
    said += piece;
  });
  const [code] = await once(running, "close");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`);
  return said;
}

async function atOnce(task) {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < things; i = next++) await task(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function ask(method, path, body, service = "iot") {
  const scope = `20261124/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
  return new Promise((resolve, reject) => {
    const sent = request(endpoint + path, { method, agent, headers: { authorization } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      answer.on("end", () =>
        answer.statusCode < 300 ? resolve(text) : reject(new Error(`${method} ${path}: ${text}`)),
      );
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
