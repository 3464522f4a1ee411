// The agent's download and verification on file slots, against `curl -o file URL && md5sum file` on the same server in
// the same run: processor time (user and system) and wall time. The latter is also compared with `sync file` in between,
// as the agent's bytes are on the disk before they count. `npm run build` first; then:
// node bench/agent-download.mjs [--quick] [--json] [--size MiB] [--rounds N] [--schemes http,https]
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeCommand, timeCommands } from "./harness/command.mjs";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { tlsFile } from "./tls-file.mjs";

const MIB = 1024 * 1024;

await runBench(
  {
    name: "the agent's update on file slots, against curl and md5sum",
    options: {
      size: { type: "string", default: "512", quick: "256" },
      schemes: { type: "string", default: "http,https", quick: "http" },
    },
    rounds: { full: 4, quick: 2 },
  },
  async ({ values, rounds }) => {
    const rows = [];
    for (const scheme of values.schemes.split(",")) {
      rows.push(...(await compare(scheme, Number(values.size), rounds)));
    }
    return rows;
  },
);

async function compare(scheme, sizeMib, rounds) {
  const dir = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const server = start("image-server.mjs", scheme);
  try {
    const origin = await messageOf(server);
    const small = await measureAgent(await prepare(origin, dir, MIB));
    const other = await prepare(origin, dir, sizeMib * MIB, "?other");
    const request = await prepare(origin, dir, sizeMib * MIB);
    return figureRows(`${sizeMib} MiB, ${scheme}`, await measure(request, other, rounds), small);
  } finally {
    server.kill();
    await rm(dir, { recursive: true });
  }
}

/** Fetches an image once, for its digests. */
async function prepare(origin, dir, sizeBytes, search = "") {
  const [url, file] = [`${origin}/${sizeBytes}${search}`, join(dir, "curl")];
  await timeCommand("curl", curlArgs(url, file));
  const digest = async (command) => (await timeCommand(command, [file])).stdout.split(" ")[0];
  return { dir, url, file, sizeBytes, md5: await digest("md5sum"), sha256: await digest("sha256sum") };
}

async function measure(request, other, rounds) {
  const { url, file, dir } = request;
  const curl = ["curl", ...curlArgs(url, file)];
  const [slot, state] = [join(dir, "slot-1"), join(dir, "fota-state.json")];
  /** What the slot holds, as the agent's saved state says. */
  let held = other;
  const measureNext = async () => {
    held = held === other ? request : other;
    return await measureAgent(held);
  };
  return await inTurns(rounds, {
    curl: () => timeCommands([curl, ["md5sum", file]]),
    agent: async () => {
      for (const path of [slot, state]) await rm(path, { force: true });
      held = request;
      return await measureAgent(request);
    },
    synced: () => timeCommands([curl, ["sync", file], ["md5sum", file]]),
    overOther: measureNext,
    overUnknown: async () => {
      await rm(state);
      return await measureNext();
    },
  });
}

async function measureAgent(request) {
  return await messageOf(start("agent-update.mjs", JSON.stringify(request)));
}

function figureRows(image, measured, small) {
  const times = (side, key) => measured[side].map((round) => round[key]);
  const row = (what, ours, peer, goal) =>
    figureRow({ what: `${what}, ${image}`, unit: "s", ours, peer, goal });
  const cpu = times("curl", "cpuSeconds");
  const mib = (runs, key) => Math.max(...runs.map((run) => run[key])) / MIB;
  const growth = (what, key) =>
    figureRow({
      what: `${what}, ${image}; peer: the agent, 1 MiB`,
      unit: "MiB",
      ours: [mib(measured.agent, key)],
      peer: [mib([small], key)],
    });
  return [
    row("CPU", times("agent", "cpuSeconds"), cpu, { atMost: 1.3, of: "peer" }),
    row("CPU with the start of Node.js", times("agent", "cpuSecondsWithStart"), cpu),
    row("CPU, slot held another image", times("overOther", "cpuSeconds"), cpu, { atMost: 1.3, of: "peer" }),
    row("CPU, what the slot held is unknown", times("overUnknown", "cpuSeconds"), cpu),
    row(
      "CPU, slot held another image; peer: an empty slot",
      times("overOther", "cpuSeconds"),
      times("agent", "cpuSeconds"),
    ),
    row(
      "CPU, what the slot held is unknown; peer: an empty slot",
      times("overUnknown", "cpuSeconds"),
      times("agent", "cpuSeconds"),
    ),
    row("CPU of the system alone", times("agent", "systemSeconds"), times("curl", "systemSeconds")),
    row("CPU of one more reading, both digests", times("agent", "cpuSecondsOfDigests")),
    row("CPU of one more reading, SHA-256 alone", times("agent", "cpuSecondsOfSha256")),
    row("wall time", times("agent", "seconds"), times("curl", "seconds")),
    row("wall time; peer: with sync", times("agent", "seconds"), times("synced", "seconds")),
    growth("peak RSS", "peakRssBytes"),
    growth("peak heap", "peakHeapBytes"),
  ];
}

function curlArgs(url, file) {
  return ["-s", "--cacert", tlsFile("ca"), "-o", file, url];
}

function start(script, ...args) {
  return fork(join(import.meta.dirname, script), args);
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}`)));
  });
}
