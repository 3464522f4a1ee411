// Measures the time from the start of `fota publish` to SUCCEEDED on a connected virtual device with the stand-in,
// compared with `fota publish` alone. The rest is notification, download, verification, trial, confirm and report.
// `npm run build` first; then: node bench/publish-to-succeeded.mjs [--quick] [--json] [--size MiB] [--rounds N]
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { figureRow } from "./harness/figures.mjs";
import { cpuMsOf } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const started = [];

await runBench(
  {
    name: "fota publish to SUCCEEDED on a virtual device; peer: fota publish alone",
    options: { size: { type: "string", default: "1" } },
  },
  async ({ values, rounds }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
    try {
      return await measure(folder, Number(values.size), rounds);
    } finally {
      for (const { child } of started) child.kill("SIGTERM");
      await Promise.all(started.map(({ ended }) => ended));
      await rm(folder, { recursive: true });
    }
  },
);

async function measure(folder, sizeMib, rounds) {
  const ports = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
  const local = start(["local", "--json", ...ports, "--bucket", "firmware"]);
  const { endpoint } = JSON.parse(await local.line("{"));
  const device = start(["device", "--local", "--thing", "bench", "--dir", folder, "--json"], endpoint);
  await device.line('"connected"');
  const turns = [];
  for (let round = 0; round < rounds; round += 1) {
    const image = join(folder, `image-${round}`);
    await writeFile(image, randomBytes(sizeMib * 1024 * 1024));
    const to = ["--slot", String((round + 1) % 2), "--to", "bench", "--bucket", "firmware"];
    const cpuBeforeMs = await cpuOfBothMs();
    const startMs = performance.now();
    const done = device.line('"phase":"done"', round + 1);
    const publish = start(["publish", image, ...to, "--local", "--json"], endpoint);
    if ((await publish.ended) !== 0) throw new Error(`fota publish: ${publish.stderr()}`);
    const aloneMs = performance.now() - startMs;
    await done;
    turns.push({
      aloneMs,
      wholeMs: performance.now() - startMs,
      cpuMs: (await cpuOfBothMs()) - cpuBeforeMs,
    });
  }
  const times = (key) => turns.map((turn) => turn[key]);
  const size = `${sizeMib} MiB`;
  return [
    figureRow({ what: `wall time, ${size}`, unit: "ms", ours: times("wholeMs"), peer: times("aloneMs") }),
    figureRow({ what: `CPU of device and stand-in, ${size}`, unit: "ms", ours: times("cpuMs") }),
  ];

  async function cpuOfBothMs() {
    return (await cpuMsOf(device.child.pid)) + (await cpuMsOf(local.child.pid));
  }
}

function start(args, endpoint) {
  const env = { ...process.env, ...(endpoint && { AWS_ENDPOINT_URL: endpoint }) };
  const child = spawn(process.execPath, [FOTA, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const waiting = new Set();
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const ended = new Promise((resolve) => {
    child.once("close", resolve);
  });
  /** Resolves to the `nth` line that contains `text`, also if it was printed before. */
  const line = (text, nth = 1) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.filter((candidate) => candidate.includes(text))[nth - 1];
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`fota ${args[0]} ended: ${stderr}`)));
    });
  const running = { child, ended, line, stderr: () => stderr };
  started.push(running);
  return running;
}
