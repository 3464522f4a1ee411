// One update by the agent in a process of its own, so that its peak is its own; then two more readings of the slot,
// by both digests and by SHA-256 alone.
// Started by agent-download.mjs with its request as JSON; sends the figures to the parent.
import { getHeapStatistics } from "node:v8";
import { Fota } from "../packages/agent/dist/index.js";
import { nodeDevice } from "../packages/agent/dist/node/index.js";
import { tlsFile } from "./tls-file.mjs";

const { dir, url, md5, sha256, sizeBytes } = JSON.parse(process.argv[2]);
/** Looks at the heap after each such number of writes, as looking takes processor time. */
const WRITES_PER_LOOK = 64;
let peakHeapBytes = 0;
let writes = 0;
const onProgress = () => {
  if (writes++ % WRITES_PER_LOOK === 0)
    peakHeapBytes = Math.max(peakHeapBytes, getHeapStatistics().used_heap_size);
};
const log = (_level, message) => process.stderr.write(`${message}\n`);
const device = nodeDevice({ dir, runningSlot: 0, log, ca: tlsFile("ca") });
const download = JSON.parse(process.env.TUNING ?? "{}");
const fota = new Fota(device, { download, onProgress, allowLoopbackHttp: true });
const image = { bc_idx: 1, bc_crc: md5, bc_sha256: sha256, bc_size: sizeBytes, bc_url: url };
const start = {
  seconds: performance.now() / 1000,
  cpuSeconds: cpuSeconds(),
  system: process.cpuUsage().system,
};
if (!(await fota.update({ operation: "fota", ...image }))) throw new Error("the update failed");
const seconds = performance.now() / 1000 - start.seconds;
const endCpuSeconds = cpuSeconds();
const systemSeconds = (process.cpuUsage().system - start.system) / 1e6;
const peakRssBytes = process.resourceUsage().maxRSS * 1024;
await device.slots.digest(1, sizeBytes);
const endOfDigestsCpuSeconds = cpuSeconds();
await device.slots.sha256(1, sizeBytes);
process.send({
  seconds,
  cpuSeconds: endCpuSeconds - start.cpuSeconds,
  systemSeconds,
  cpuSecondsWithStart: endCpuSeconds,
  cpuSecondsOfDigests: endOfDigestsCpuSeconds - endCpuSeconds,
  cpuSecondsOfSha256: cpuSeconds() - endOfDigestsCpuSeconds,
  peakHeapBytes,
  peakRssBytes,
});
process.disconnect();

/** Processor time of this process so far, of all its threads, user and system. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
