// Measures `fota status` on a job with many executions in the stand-in: requests, time, and the memory of a whole
// listing, compared with `aws iot list-job-executions-for-job`. `npm run build` first; then:
//   node bench/status.mjs [--quick] [--json] [--things 100000] [--rounds 3]
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { fileURLToPath } from "node:url";
import { timeCommand } from "./harness/command.mjs";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { iotClient } from "./iot-client.mjs";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const JOB = "fleet";

const child = fork(new URL("stand-in-process.mjs", import.meta.url));
const [{ endpoint, region }] = await once(child, "message");
const client = iotClient({ endpoint, region });

await runBench(
  {
    name: "fota status of a large job, against aws iot list-job-executions-for-job",
    options: { things: { type: "string", default: "100000", quick: "5000" } },
    rounds: { full: 3, quick: 3 },
  },
  async ({ values, rounds, peer }) => {
    try {
      const things = Number(values.things);
      await seed(things);
      const requests = (await countRequests(["status", JOB])).length;
      return figureRows(things, requests, await measure(rounds, peer("aws", "awscli")));
    } finally {
      client.close();
      child.send("stop");
    }
  },
);

async function measure(rounds, aws) {
  const fota = (...args) => [process.execPath, [FOTA, "status", JOB, ...args, "--json"]];
  const commands = {
    summary: fota(),
    list: fota("--things"),
    aws: aws && [aws, ["iot", "list-job-executions-for-job", "--job-id", JOB]],
  };
  const side = (command) => command && (() => timeOf(...command));
  return await inTurns(
    rounds,
    Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, side(command)])),
  );
}

async function timeOf(command, args) {
  const { result, cpuMs } = await cpuMsDuring(child.pid, () =>
    timeCommand(command, args, { env: environment(endpoint) }),
  );
  return { ...result, serverSeconds: cpuMs / 1000 };
}

/** The goals are three requests, 2 s, and 150 MiB for 100,000 executions. */
function figureRows(things, requests, turns) {
  const times = (side, key) => turns[side]?.map((turn) => turn[key]);
  const row = (what, side, key, { unit = "s", ...more } = {}) =>
    figureRow({
      what: `${what}, ${things} executions`,
      unit,
      ours: times(side, key),
      ...(side === "list" && { peer: times("aws", key) }),
      ...more,
    });
  const hasPeaks = turns.list[0].peakRssMiB !== undefined;
  return [
    figureRow({ what: "requests of fota status <job>", unit: "1", ours: [requests], goal: { atMost: 3 } }),
    row("wall time of fota status <job>", "summary", "seconds", { goal: { atMost: 2 } }),
    row("CPU of fota status <job>", "summary", "cpuSeconds"),
    row("wall time with --things", "list", "seconds"),
    row("CPU with --things", "list", "cpuSeconds"),
    row("CPU of the server with --things", "list", "serverSeconds"),
    ...(hasPeaks
      ? [row("peak RSS with --things", "list", "peakRssMiB", { unit: "MiB", goal: { atMost: 150 } })]
      : []),
  ];
}

/** Half of the fleet succeeded, 5 % failed, 5 % are in progress, the others are queued. */
async function seed(things) {
  await client.ask("POST", "/thing-groups/all", {});
  await client.atOnce(things, async (i) => {
    await client.ask("POST", `/things/pump-${i}`, {});
    const member = { thingGroupName: "all", thingName: `pump-${i}` };
    await client.ask("PUT", "/thing-groups/addThingToThingGroup", member);
  });
  const { thingGroupArn } = await client.askJson("GET", "/thing-groups/all");
  await client.ask("PUT", `/jobs/${JOB}`, { targets: [thingGroupArn], document: "{}" });
  for (;;) {
    const { job } = await client.askJson("GET", `/jobs/${JOB}`);
    if (job.jobProcessDetails.numberOfQueuedThings === things) break;
  }
  await client.atOnce(things, async (i) => {
    const state = stateOf(i % 20);
    if (state !== undefined)
      await client.ask("POST", `/things/pump-${i}/jobs/${JOB}`, state, "iot-jobs-data");
  });
}

function stateOf(kind) {
  if (kind < 10) return { status: "SUCCEEDED" };
  if (kind === 10) return { status: "FAILED", statusDetails: { reason: "digest-mismatch" } };
  return kind === 11
    ? { status: "IN_PROGRESS", statusDetails: { phase: "downloading", percent: "42" } }
    : undefined;
}

/** Runs fota through a proxy that counts; returns the requests. */
async function countRequests(args) {
  const asked = [];
  const counter = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url.split("?")[0]}`);
    const { method, headers } = incoming;
    const onward = request(endpoint + incoming.url, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.pipe(answer);
    });
    incoming.pipe(onward);
  }).listen(0, "127.0.0.1");
  await once(counter, "listening");
  try {
    const env = environment(`http://127.0.0.1:${counter.address().port}`);
    await timeCommand(process.execPath, [FOTA, ...args], { env });
    return asked;
  } finally {
    counter.close();
    counter.closeAllConnections();
  }
}

function environment(url) {
  return {
    ...process.env,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
  };
}
