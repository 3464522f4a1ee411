// The agent's download and verification on file slots, against `curl -o file URL && md5sum file` on the same server in
// the same run; and with `sync file` between, as the agent's bytes are on the disk before they count. `npm run build`
// first; then: node bench/agent-download.mjs [MiB] [rounds]
import { execFile, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const MIB = 1024 * 1024;
const run = promisify(execFile);
const [role = "512", ...rest] = process.argv.slice(2);

if (role === "serve") serve();
else if (role === "update") await update(JSON.parse(rest[0]));
else await compare(Number(role), Number(rest[0] ?? 3));

/** Sends as many bytes as the path says: one random block over and over. */
function serve() {
  const block = randomBytes(MIB);
  const server = createServer((request, response) => {
    const sizeBytes = Number(request.url.slice(1));
    response.writeHead(200, { "content-length": sizeBytes, etag: '"bench"' });
    let sent = 0;
    const more = () => {
      while (sent < sizeBytes) {
        const piece = block.subarray(0, Math.min(MIB, sizeBytes - sent));
        sent += piece.length;
        if (!response.write(piece)) return response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
}

/** One update in a process of its own, so that its peak is its own. */
async function update({ dir, url, md5, sizeBytes, tuning }) {
  const { Fota } = await import("../packages/agent/dist/index.js");
  const { nodeDevice } = await import("../packages/agent/dist/node/index.js");
  const log = (_level, message) => process.stderr.write(`${message}\n`);
  let peakHeapBytes = 0;
  const onProgress = () => {
    peakHeapBytes = Math.max(peakHeapBytes, process.memoryUsage().heapUsed);
  };
  const options = { download: tuning, onProgress, allowLoopbackHttp: true };
  const fota = new Fota(nodeDevice({ dir, runningSlot: 0, log }), options);
  const document = { operation: "fota", bc_idx: 1, bc_crc: md5, bc_size: sizeBytes, bc_url: url };
  const start = performance.now();
  const done = await fota.update(document);
  const seconds = (performance.now() - start) / 1000;
  if (!done) throw new Error("the update failed");
  process.send({ seconds, peakHeapBytes, peakRssBytes: process.resourceUsage().maxRSS * 1024 });
  process.disconnect();
}

async function compare(sizeMib, rounds) {
  const dir = await mkdtemp(join(tmpdir(), "fota-bench-"));
  const server = fork(import.meta.filename, ["serve"]);
  try {
    const port = await messageOf(server);
    const measure = async (sizeBytes) => {
      const url = `http://127.0.0.1:${port}/${sizeBytes}`;
      const curl = await curlAndMd5sum(url, join(dir, "curl"), []);
      const synced = await curlAndMd5sum(url, join(dir, "curl"), ["sync"]);
      const request = { dir, url, md5: curl.md5, sizeBytes, tuning: JSON.parse(process.env.TUNING ?? "{}") };
      const agent = await messageOf(fork(import.meta.filename, ["update", JSON.stringify(request)]));
      await rm(join(dir, "slot-1"), { force: true });
      return { curl: curl.seconds, synced: synced.seconds, agent };
    };
    const small = await measure(MIB);
    const rows = [];
    let peak = small.agent;
    for (let round = 1; round <= rounds; round += 1) {
      const { curl, synced, agent } = await measure(sizeMib * MIB);
      rows.push({ curl: agent.seconds / curl, synced: agent.seconds / synced });
      if (agent.peakRssBytes > peak.peakRssBytes) peak = agent;
      const seconds = [agent.seconds, curl, synced].map((each) => `${each.toFixed(2)} s`);
      say(`${sizeMib} MiB: agent ${seconds[0]}, curl and md5sum ${seconds[1]}, with sync ${seconds[2]}`);
    }
    for (const [name, what] of Object.entries({ curl: "curl and md5sum", synced: "curl, sync and md5sum" })) {
      const sorted = rows.map((row) => row[name]).sort((a, b) => a - b);
      say(`agent / ${what}: ${sorted[Math.floor(rounds / 2)].toFixed(2)} (median of ${rounds})`);
    }
    const mib = (bytes) => (bytes / MIB).toFixed(1);
    say(`peak RSS ${mib(peak.peakRssBytes)} MiB; for 1 MiB ${mib(small.agent.peakRssBytes)} MiB`);
    say(`peak heap ${mib(peak.peakHeapBytes)} MiB; for 1 MiB ${mib(small.agent.peakHeapBytes)} MiB`);
  } finally {
    server.kill();
    await rm(dir, { recursive: true });
  }
}

async function curlAndMd5sum(url, file, between) {
  const start = performance.now();
  await run("curl", ["-s", "-o", file, url]);
  for (const command of between) await run(command, [file]);
  const { stdout } = await run("md5sum", [file]);
  const seconds = (performance.now() - start) / 1000;
  await rm(file);
  return { seconds, md5: stdout.slice(0, 32) };
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}`)));
  });
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
