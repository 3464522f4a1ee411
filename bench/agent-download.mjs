// The agent's download and verification on file slots, against `curl -o file URL && md5sum file` on the same server in
// the same run, over http and https: processor time (user and system) and wall time. The latter is also compared with
// `sync file` in between, as the agent's bytes are on the disk before they count. `npm run build` first; then:
// node bench/agent-download.mjs [MiB] [rounds] [http|https]
import { fork } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeCommand, timeCommands } from "./timed-command.mjs";
import { tlsFile } from "./tls-file.mjs";

const MIB = 1024 * 1024;
const [sizeMib = "512", rounds = "3", ...schemes] = process.argv.slice(2);
for (const scheme of schemes.length === 0 ? ["http", "https"] : schemes) await compare(scheme);

async function compare(scheme) {
  const dir = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const server = start("image-server.mjs", scheme);
  try {
    const origin = await messageOf(server);
    const small = await measureAgent(await prepare(origin, dir, MIB));
    const request = await prepare(origin, dir, Number(sizeMib) * MIB);
    const measured = [];
    for (let round = 0; round < Number(rounds); round += 1) measured.push(await measureRound(request, round));
    say(`${sizeMib} MiB over ${scheme}, median of ${rounds} rounds [lowest to highest]`);
    report(measured, small);
  } finally {
    server.kill();
    await rm(dir, { recursive: true });
  }
}

/** Fetches an image once, for its digests. */
async function prepare(origin, dir, sizeBytes) {
  const [url, file] = [`${origin}/${sizeBytes}`, join(dir, "curl")];
  await timeCommand("curl", curlArgs(url, file));
  const digest = async (command) => (await timeCommand(command, [file])).stdout.split(" ")[0];
  return { dir, url, file, sizeBytes, md5: await digest("md5sum"), sha256: await digest("sha256sum") };
}

/** Both sides take turns at being first: the machine may get slower or faster meanwhile. */
async function measureRound(request, round) {
  const { url, file, sizeBytes, dir } = request;
  const curl = () =>
    timeCommands([
      ["curl", ...curlArgs(url, file)],
      ["md5sum", file],
    ]);
  const synced = () =>
    timeCommands([
      ["curl", ...curlArgs(url, file)],
      ["sync", file],
      ["md5sum", file],
    ]);
  const sides = [
    ["curl", curl],
    ["agent", () => measureAgent(request)],
    ["synced", synced],
  ];
  const row = {};
  for (const [name, measure] of round % 2 === 0 ? sides : sides.reverse()) row[name] = await measure();
  await changeByte(join(dir, "slot-1"), sizeBytes - 1);
  row.overOther = await measureAgent(request, true);
  return row;
}

async function measureAgent(request, keepsSlot = false) {
  if (!keepsSlot) await rm(join(request.dir, "slot-1"), { force: true });
  return await messageOf(start("agent-update.mjs", JSON.stringify(request)));
}

function report(measured, small) {
  const times = (side, key) => measured.map((row) => row[side][key]);
  const ratios = (side, key, other, otherKey = key) =>
    measured.map((row) => row[side][key] / row[other][otherKey]);
  const cpu = "cpuSeconds";
  say("CPU in seconds");
  line("curl and md5sum", times("curl", cpu));
  line("agent", times("agent", cpu), ratios("agent", cpu, "curl"));
  line("curl and md5sum, system alone", times("curl", "systemSeconds"));
  line("agent, system alone", times("agent", "systemSeconds"));
  const withStart = "cpuSecondsWithStart";
  line("agent with the start of Node.js", times("agent", withStart), ratios("agent", withStart, "curl", cpu));
  line("agent, slot held another image", times("overOther", cpu), ratios("overOther", cpu, "curl"));
  line("one more reading, both digests", times("agent", "cpuSecondsOfDigests"));
  line("one more reading, SHA-256 alone", times("agent", "cpuSecondsOfSha256"));
  say("wall time in seconds");
  line("curl and md5sum", times("curl", "seconds"));
  line("agent", times("agent", "seconds"), ratios("agent", "seconds", "curl"));
  line("curl, sync and md5sum", times("synced", "seconds"));
  line("agent", times("agent", "seconds"), ratios("agent", "seconds", "synced"));
  const mib = (runs, key) => (Math.max(...runs.map((each) => each[key])) / MIB).toFixed(1);
  const runs = measured.map(({ agent }) => agent);
  say(`peak RSS ${mib(runs, "peakRssBytes")} MiB; for 1 MiB ${mib([small], "peakRssBytes")} MiB`);
  say(`peak heap ${mib(runs, "peakHeapBytes")} MiB; for 1 MiB ${mib([small], "peakHeapBytes")} MiB`);
}

/** Prints the spread of times, and of their ratios to what curl took in the same round. */
function line(name, values, ratios) {
  const ratio = ratios === undefined ? "" : `  ratio ${spread(ratios)}`;
  say(`  ${name.padEnd(32)} ${spread(values)}${ratio}`);
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b).map((each) => each.toFixed(2));
  return `${sorted[Math.floor(sorted.length / 2)]} [${sorted[0]} to ${sorted.at(-1)}]`;
}

function curlArgs(url, file) {
  return ["-s", "--cacert", tlsFile("ca"), "-o", file, url];
}

/** Makes a file that holds another image of the same size. */
async function changeByte(path, offsetBytes) {
  const handle = await open(path, "r+");
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offsetBytes);
    await handle.write(Buffer.of(buffer[0] ^ 1), 0, 1, offsetBytes);
  } finally {
    await handle.close();
  }
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

function say(text) {
  process.stdout.write(`${text}\n`);
}
