// Measures one run of `fota rehearse` with 10,000, 100,000 and 1,000,000 virtual devices, each in its own process: time,
// processor time, processor time for each device, and peak memory. `npm run build` first; then: node bench/rehearsal.mjs [devices ...]
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000, 1_000_000];

const linkSpeed = { medianBytesPerSecond: 50_000, slowBytesPerSecond: 5_000 };
const onlineByHour = Array.from({ length: 24 }, (_, hour) => (hour >= 6 && hour < 20 ? 0.9 : 0.5));
const FLEET = {
  groups: [
    { name: "v1", weight: 8, linkSpeed, onlineByHour, downloadFailureShare: 0.01, trialFailureShare: 0.01 },
    { name: "v2", weight: 2, linkSpeed, hangShare: 0.002, reportLossShare: 0.005 },
  ],
};
const JOB = [
  "--rate",
  "1000/min",
  "--thing-timeout",
  "2h",
  "--retry",
  "any:1",
  "--abort-on",
  "failed>20% after 500",
];

const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
try {
  await writeFile(join(folder, "fleet.json"), JSON.stringify(FLEET));
  await writeFile(join(folder, "app.bin"), Buffer.alloc(600_000));
  let first;
  for (const size of sizes) {
    const { seconds, cpuSeconds, peakMib, executions } = await measure(size);
    const perDevice = (cpuSeconds * 1e6) / size;
    first ??= perDevice;
    process.stdout.write(
      `${String(size).padStart(9)} devices, ${executions} executions: ${seconds.toFixed(2)} s, processor ${cpuSeconds.toFixed(2)} s, ${perDevice.toFixed(1)} µs for each device (${(perDevice / first).toFixed(2)} times that of the first row), ${peakMib.toFixed(0)} MiB\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}

function measure(size) {
  // The process itself reads its peak: /proc is gone when it has ended.
  const code = `process.on("exit", () => {
      const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
      process.stderr.write("peak " + maxRSS + " cpu " + (userCPUTime + systemCPUTime) + "\\n");
    });
    process.argv.splice(1, 0, ${JSON.stringify(FOTA)}); require(${JSON.stringify(FOTA)});`;
  const args = [
    "rehearse",
    "app.bin",
    "--things",
    `${size}`,
    "--fleet",
    "fleet.json",
    "--runs",
    "1",
    "--no-suggest",
    "--json",
    ...JOB,
  ];
  const startMs = performance.now();
  const child = spawn(process.execPath, ["-e", code, "--", ...args], { cwd: folder });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece) => {
    stdout += piece;
  });
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  return new Promise((resolve, reject) => {
    child.once("close", (exitCode) => {
      if (exitCode !== 0) return reject(new Error(stderr));
      const seconds = (performance.now() - startMs) / 1000;
      const { counts } = JSON.parse(stdout).runs[0];
      const executions = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const [, peakKib, cpuUs] = /peak (\d+) cpu (\d+)/.exec(stderr) ?? [];
      return resolve({
        seconds,
        executions,
        cpuSeconds: Number(cpuUs) / 1e6,
        peakMib: Number(peakKib) / 1024,
      });
    });
  });
}
