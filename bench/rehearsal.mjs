// Measures one run of `fota rehearse` with 10,000, 100,000 and 1,000,000 virtual devices, each in its own process: time,
// processor time for each device, and peak memory. `npm run build` first; then:
// node bench/rehearsal.mjs [--quick] [--json] [--devices 10000,100000,1000000] [--rounds 1]
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timeCommand } from "./harness/command.mjs";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { runBench } from "./harness/run-bench.mjs";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const GOALS = { 100000: { seconds: 10 }, 1000000: { seconds: 60, peakMib: 2048 } };

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

await runBench(
  {
    name: "one run of fota rehearse; ratios: of the CPU for each device with the smallest number",
    options: { devices: { type: "string", default: "10000,100000,1000000", quick: "10000,100000" } },
    rounds: { full: 1, quick: 1 },
  },
  async ({ values, rounds }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
    try {
      await writeFile(join(folder, "fleet.json"), JSON.stringify(FLEET));
      await writeFile(join(folder, "app.bin"), Buffer.alloc(600_000));
      const sizes = values.devices.split(",").map(Number);
      const side = (size) => [size, () => measure(folder, size)];
      return figureRows(sizes, await inTurns(rounds, Object.fromEntries(sizes.map(side))));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

/** The goals are for an idle machine. */
function figureRows(sizes, turns) {
  const perDevice = (size) => turns[size].map(({ cpuSeconds }) => (cpuSeconds * 1e6) / size);
  return sizes.flatMap((size) => {
    const times = (key) => turns[size].map((turn) => turn[key]);
    const row = (what, unit, ours, goal, peer) =>
      figureRow({ what: `${what}, ${size} devices`, unit, ours, peer, goal });
    const { seconds, peakMib } = GOALS[size] ?? {};
    const smallest = size === sizes[0] ? undefined : perDevice(sizes[0]);
    return [
      row("wall time", "s", times("seconds"), seconds && { atMost: seconds }),
      row("CPU for each device", "µs", perDevice(size), undefined, smallest),
      ...(times("peakRssMiB").includes(undefined)
        ? []
        : [row("peak RSS", "MiB", times("peakRssMiB"), peakMib && { atMost: peakMib })]),
    ];
  });
}

async function measure(folder, size) {
  const args = ["rehearse", "app.bin", "--things", `${size}`, "--fleet", "fleet.json", "--runs", "1"];
  const command = [FOTA, ...args, "--no-suggest", "--json", ...JOB];
  return await timeCommand(process.execPath, command, { cwd: folder });
}
