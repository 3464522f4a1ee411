// Processor time of the stand-in for a request of its control plane and of its Jobs data plane, compared with a bare
// node:http server and, if it is installed, with moto.
//   node bench/local-requests.mjs [--requests 3000] [--rounds 9] [--quick] [--json]
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { formatRequest, sendInTurn } from "./http-load.mjs";
import { startMoto } from "./moto.mjs";

const READ_GOAL = { atMost: 1.5, of: "bare" };
const WRITE_GOAL = { atMost: 2.5, of: "bare" };
/** moto takes 20 to 70 times as long as the stand-in. */
const MOTO_SHARE = 1 / 20;

const DOCUMENT = JSON.stringify({
  operation: "update",
  version: "1.2.3",
  url: "https://example.com/firmware-1.2.3.bin",
  md5: "0123456789abcdef0123456789abcdef",
  size: 1048576,
});

/** In the order in which they must run: a thing, a job for it, and an update of its job execution. */
const OPERATIONS = [
  {
    what: "CreateThing",
    goal: WRITE_GOAL,
    request: ({ id }) => [
      "POST",
      `/things/t${id}`,
      { attributePayload: { attributes: { model: "x1", site: "a" } } },
    ],
  },
  { what: "DescribeThing", goal: READ_GOAL, request: ({ id }) => ["GET", `/things/t${id}`] },
  {
    what: "CreateJob",
    hasFloor: true,
    goal: WRITE_GOAL,
    request: ({ id, account }) => [
      "PUT",
      `/jobs/j${id}`,
      { targets: [`arn:aws:iot:us-east-1:${account}:thing/t${id}`], document: DOCUMENT },
    ],
  },
  { what: "DescribeJob", goal: READ_GOAL, request: ({ id }) => ["GET", `/jobs/j${id}`] },
  {
    what: "UpdateJobExecution",
    goal: WRITE_GOAL,
    service: "iot-jobs-data",
    isMissingInMoto: true,
    request: ({ id }) => [
      "POST",
      `/things/t${id}/jobs/j${id}`,
      { status: "IN_PROGRESS", statusDetails: { step: "downloading", percent: "50" } },
    ],
  },
];

async function startLocal() {
  const child = fork(new URL("stand-in-process.mjs", import.meta.url));
  const [{ endpoint }] = await once(child, "message");
  return server(child, { port: Number(new URL(endpoint).port), account: "000000000000" });
}

/** Starts a server of this folder that has no account. */
async function startPlain(file) {
  const child = fork(new URL(file, import.meta.url));
  const [{ port }] = await once(child, "message");
  return server(child, { port, account: "000000000000" });
}

/** Returns undefined if moto is not installed. */
async function startPeer(note) {
  if (spawnSync("python3", ["-c", "import moto.server"]).status !== 0) {
    note("moto is not installed (pip: moto[server])");
    return undefined;
  }
  return { ...(await startMoto()), account: "123456789012" };
}

function server(child, { port, account }) {
  return { pid: child.pid, port, account, stop: () => child.send("stop") };
}

/** Returns the processor time of `count` requests, in microseconds for each. Things and jobs are new in each round. */
async function measure({ pid, port, account }, { request, service = "iot" }, { round, count }) {
  const make = (index) => {
    const [method, path, body] = request({ id: `${round}-${index}`, account });
    return formatRequest({ method, path, port, service, body });
  };
  const texts = Array.from({ length: count }, (_, index) => make(index));
  const { cpuMs } = await cpuMsDuring(pid, () => sendInTurn(port, count, (index) => texts[index]));
  return (cpuMs * 1000) / count;
}

await runBench(
  {
    name: "requests of the stand-in, and of moto, compared with bare node:http",
    options: { requests: { type: "string", default: "3000", quick: "1500" } },
    rounds: { full: 9, quick: 5 },
  },
  async ({ values, rounds, note }) => {
    const count = Number(values.requests);
    const sides = {
      ours: await startLocal(),
      peer: await startPeer(note),
      bare: await startPlain("bare-http-process.mjs"),
      floor: await startPlain("keeping-http-process.mjs"),
    };
    try {
      const rows = [];
      for (const operation of OPERATIONS) {
        const isLeftOut = { peer: operation.isMissingInMoto, floor: !operation.hasFloor };
        const present = Object.entries(sides).filter(
          ([name, side]) => side !== undefined && !isLeftOut[name],
        );
        const countOf = (name) => (name === "peer" ? Math.ceil(count * MOTO_SHARE) : count);
        const measures = present.map(([name, side]) => [
          name,
          (round) => measure(side, operation, { round, count: countOf(name) }),
        ]);
        // Before the first round, V8 compiles what it will measure.
        for (const [name, side] of present)
          await measure(side, operation, { round: "warm", count: countOf(name) });
        const { what, goal } = operation;
        const { floor, ...measured } = await inTurns(rounds, Object.fromEntries(measures));
        rows.push(figureRow({ what, unit: "us CPU", ...measured, goal }));
        if (floor === undefined) continue;
        const floorOf = `floor of ${what}: bare, keeps the body`;
        rows.push(figureRow({ what: floorOf, unit: "us CPU", ours: floor, bare: measured.bare }));
      }
      return rows;
    } finally {
      for (const side of Object.values(sides)) side?.stop();
    }
  },
);
