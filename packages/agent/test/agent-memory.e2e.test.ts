import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { killAll, type WatchedProcess, watchProcess } from "./watched-process.js";

/** The most that a connected agent may take above a Node.js that does nothing. On Node.js 20, it takes 8 MiB. */
const MAX_OWN_MIB = 14;

let standIn: StandIn;
let device: StandInDevice;
const processes: WatchedProcess[] = [];
beforeAll(async () => {
  standIn = await StandIn.start();
  await standIn.buildFirmware("1.0.0");
  device = await standIn.makeDevice("1.0.0");
});
afterAll(async () => {
  await killAll(processes);
  await device.boot.dispose();
  await standIn.stop();
});

/** Waits until the output matches `ready`, and returns the memory that the process shares with no other. */
async function ownMib(started: WatchedProcess, ready: RegExp): Promise<number> {
  processes.push(started);
  await started.says(ready);
  const text = await readFile(`/proc/${started.process.pid}/smaps_rollup`, "utf8");
  const [, kib] = /^Private_Dirty: +(\d+) kB$/m.exec(text) ?? [];
  return Number(kib) / 1024;
}

test.runIf(process.platform === "linux")(
  "a connected fota-agent takes little memory of its own",
  async () => {
    const nothing = spawn(process.execPath, ["-e", "console.log('ready'); setInterval(() => {}, 1e9)"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const nodeMib = await ownMib(watchProcess(nothing), /ready/);
    const slot = { FOTA_AGENT_SLOTS_RUNNING_SLOT: "0" };
    const agentMib = await ownMib(startProgram(device, ["run"], slot), /connected to/);
    expect(agentMib - nodeMib).toBeGreaterThan(0);
    expect(agentMib - nodeMib).toBeLessThan(MAX_OWN_MIB);
  },
);
