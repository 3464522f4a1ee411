// Measures what connections and messages cost the broker of the stand-in, beside mosquitto and the least that a server
// in Node.js can do. A process of its own makes the load for each server, so the servers' CPU time counts only their
// work. Run `npm run build` first; then: node bench/local-connections.mjs [--connections 5000] [--things 10000]
import { fork } from "node:child_process";
import { once } from "node:events";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring, rssMiBOf } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { runJobs } from "./mqtt/jobs.mjs";
import { startBareServer, startMosquitto, startStandIn } from "./mqtt/servers.mjs";
import { makeTlsFiles } from "./mqtt/tls-files.mjs";

const PUBLISHERS = 20;
const CONNECTING_AT_ONCE = 50;
/** What V8 needs to compile the code that runs often: its compiler counts as CPU time too. */
const WARM_UP = { connections: 2_000, messages: 100_000 };
/** Each handshake keeps a core busy for milliseconds, on both sides. */
const HANDSHAKES_AT_ONCE = 10;

const GOALS = {
  connect: { atMost: 2, of: "bare" },
  "publish QoS 1, 1 in flight": { atMost: 1.5, of: "bare" },
  "publish QoS 1, 20 in flight": { atMost: 0.5, of: "peer" },
  "connect, mutual TLS": { atMost: 1.11, of: "peer" },
  "connect, mutual TLS, resumed": { atMost: 1.11, of: "peer" },
};
const MEMORY_GOAL = { atMost: 8 }; // KiB

const options = {
  connections: { type: "string", default: "5000", quick: "1000" },
  messages: { type: "string", default: "100000", quick: "20000" },
  things: { type: "string", default: "10000", quick: "500" },
};

await runBench(
  { name: "broker of the stand-in, compared with mosquitto and bare node:net", options },
  async ({ values, rounds, isQuick, note, peer }) => {
    const [connections, messages, things] = [values.connections, values.messages, values.things].map(Number);
    const idle = Math.max(connections, 3_000);
    checkOpenFiles(Math.max(2 * idle, things));
    const files = makeTlsFiles();
    const starts = {
      ours: startStandIn,
      peer: peer("mosquitto", "mosquitto") && (() => startMosquitto(files)),
      bare: () => startBareServer(files),
    };
    note("messages and handshakes");
    const costs = await measureCosts(starts, rounds, {
      connections,
      messages,
      handshakes: isQuick ? 100 : 300,
    });
    note("memory");
    const memory = await inTurns(
      isQuick ? 1 : rounds,
      forEachSide(starts, (start) => () => memoryOf(start, idle)),
    );
    note("jobs");
    const jobUs = await measureJobs(things);
    return [
      ...costs,
      figureRow({ what: "memory of an idle connection", unit: "KiB", ...memory, goal: MEMORY_GOAL }),
      figureRow({ what: "job to SUCCEEDED on a connected thing", unit: "us CPU", ours: [jobUs] }),
    ];
  },
);

/** Returns a row of CPU time for each operation, and one of wall time. */
async function measureCosts(starts, rounds, sizes) {
  const sides = await startSides(starts);
  try {
    for (const side of Object.values(sides)) await measureRound(side, { ...sizes, ...WARM_UP });
    const measured = await inTurns(
      rounds,
      forEachSide(sides, (side) => () => measureRound(side, sizes)),
    );
    const names = Object.keys(measured.ours[0]);
    const valuesOf = (what, key) =>
      forEachSide(measured, (all) => {
        const values = all.map((round) => round[what]?.[key]);
        return values[0] === undefined ? undefined : values;
      });
    return [
      ...names.map((what) =>
        figureRow({ what, unit: "us CPU", ...valuesOf(what, "cpuUs"), goal: GOALS[what] }),
      ),
      ...names.map((what) =>
        figureRow({ what: `${what}, by the clock`, unit: "us", ...valuesOf(what, "wallUs") }),
      ),
    ];
  } finally {
    for (const { server, load } of Object.values(sides)) {
      load.stop();
      await server.stop();
    }
  }
}

async function startSides(starts) {
  const sides = {};
  for (const [side, start] of Object.entries(starts)) {
    if (start !== undefined)
      sides[side] = { server: await start(), load: startLoad(), delivers: side !== "bare" };
  }
  return sides;
}

/** Returns `{cpuUs, wallUs}` of each operation, by its name. */
async function measureRound({ server, load, delivers }, { connections, messages, handshakes }) {
  const { port, tlsPort, tls } = server;
  const figures = {};
  const measure = async (what, operations, request) => {
    const { result, cpuMs } = await cpuMsDuring(server.pid, () => load.ask(request));
    figures[what] = { cpuUs: (cpuMs * 1000) / operations, wallUs: (result.seconds * 1e6) / operations };
  };
  const publish = (what, total, inFlight, more = {}) => {
    const each = Math.ceil(total / PUBLISHERS);
    const request = { op: "publish", publishers: PUBLISHERS, each, inFlight, ...more };
    return measure(what, each * PUBLISHERS, request);
  };
  const connectTls = (what, resume) =>
    measure(what, handshakes, {
      op: "connect",
      port: tlsPort,
      tls,
      count: handshakes,
      width: HANDSHAKES_AT_ONCE,
      prefix: "tls",
      resume,
    });

  await measure("connect", connections, {
    op: "connect",
    port,
    count: connections,
    width: CONNECTING_AT_ONCE,
    prefix: "tcp",
  });
  await publish("publish QoS 1, 1 in flight", messages / 5, 1);
  await publish("publish QoS 1, 20 in flight", messages, 20);
  if (delivers) {
    await publish("publish QoS 1 to a subscriber, 1 in flight", messages / 5, 1, { subscribed: true });
    await publish("publish QoS 1 to a subscriber, 20 in flight", messages, 20, { subscribed: true });
  }
  await measure("disconnect", connections, { op: "disconnect" });
  await connectTls("connect, mutual TLS", false);
  await publish("publish QoS 1 over TLS, 1 in flight", messages / 10, 1);
  await publish("publish QoS 1 over TLS, 20 in flight", messages / 2, 20);
  await load.ask({ op: "disconnect" });
  await connectTls("connect, mutual TLS, resumed", true);
  await load.ask({ op: "disconnect" });
  return figures;
}

/** Returns the memory in KiB that one more connection takes in a new process with `count` of them, without garbage. */
async function memoryOf(start, count) {
  const server = await start();
  const load = startLoad();
  const connect = (connections, prefix) =>
    load.ask({ op: "connect", port: server.port, count: connections, width: CONNECTING_AT_ONCE, prefix });
  try {
    await connect(count, "first"); // stays: code, caches and free pages must not count
    await server.collect();
    const before = await rssMiBOf(server.pid);
    await connect(count, "idle");
    await server.collect();
    return (((await rssMiBOf(server.pid)) - before) * 1024) / count;
  } finally {
    load.stop();
    await server.stop();
  }
}

/** Returns the CPU time in us that the stand-in takes for a job on a thing, with all its messages. */
async function measureJobs(things) {
  const server = await startStandIn();
  try {
    const run = await runJobs(server, things);
    const { cpuMs } = await cpuMsDuring(server.pid, run);
    return (cpuMs * 1000) / things;
  } finally {
    await server.stop();
  }
}

/** Starts a process that makes load. `ask` resolves to its answer. */
function startLoad() {
  const child = fork(new URL("mqtt/load.mjs", import.meta.url));
  return {
    async ask(request) {
      child.send(request);
      const [answer] = await once(child, "message");
      if (answer.error !== undefined)
        throw new Error(`${request.op} on port ${request.port}: ${answer.error}`);
      return answer;
    },
    stop: () => child.kill(),
  };
}

function forEachSide(sides, map) {
  const present = Object.entries(sides).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([side, value]) => [side, map(value)]));
}

/** Exits with a hint if this shell does not allow a socket for each connection, and some for Node.js itself. */
function checkOpenFiles(connections) {
  const needed = connections + 200;
  const soft = process.report.getReport().userLimits?.open_files?.soft;
  if (soft === "unlimited" || soft === undefined || Number(soft) >= needed) return;
  process.stderr.write(
    `${connections} connections need ${needed} open files, this shell allows ${soft}: ulimit -n ${needed}, or fewer --connections and --things\n`,
  );
  process.exit(1);
}
