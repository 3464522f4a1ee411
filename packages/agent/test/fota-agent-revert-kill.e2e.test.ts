import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readBootRecord, writeBootRecord } from "../src/boot/boot-record.js";
import { simulateBoot } from "../src/boot/simulate-boot.js";
import { type Bench, openBench } from "../src/daemon/bench/bench.js";
import { configSchema } from "../src/daemon/config/schema.js";
import { finishInstall } from "../src/daemon/run/manual-install.js";
import { readStatus } from "../src/daemon/status/status.js";
import { Fota } from "../src/fota.js";
import { Jobs } from "../src/jobs.js";
import { FakeCloud } from "../src/testing/fake-cloud.js";
import { documentOf, imageOf, Power } from "../src/testing/index.js";
import { startProgram } from "./agent-program.js";

const [OLD, NEW] = [imageOf(1, 5_000), imageOf(2, 6_000)];
const isSweep = process.env["FOTA_SWEEP"] !== undefined;
/** Half a change is the middle of a write. `npm run sweep` tries all places, of both kinds of trial at both moments. */
const STRIDE = isSweep ? 0.5 : 3.5;
const KILL_AT_WRITE = join(import.meta.dirname, "fixtures/kill-at-write.mjs");

let root: string;
let dir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "fota-revert-kill-"));
  dir = join(root, "device");
});
afterEach(async () => await rm(root, { recursive: true }));

function configOf(runningSlot: number) {
  const identity = { endpoint: "127.0.0.1:1", thingName: "thing-1", cert: "c", key: "k", ca: "a" };
  const slots = { type: "files", runningSlot, restartCommand: ["false"] };
  return { ...identity, stateDir: dir, slots };
}

async function benchOn(runningSlot: number): Promise<Bench> {
  return await openBench(v.parse(configSchema, configOf(runningSlot)), { env: {}, log: () => {} });
}

/** Makes a device whose slot 1 with the image `NEW` runs on trial, or boots next, and that has saved `update`. */
async function makeTrial(runningSlot: number, file: string, update: object): Promise<void> {
  dir = join(root, "before");
  await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: runningSlot });
  await writeFile(join(dir, "slot-0"), OLD);
  await writeFile(join(dir, "slot-1"), NEW);
  await writeFile(join(dir, file), JSON.stringify(update));
  dir = join(root, "device");
  await writeFile(join(root, "agent.json"), JSON.stringify(configOf(runningSlot)));
}

/** Runs `fota-agent revert` on a copy of the device, and kills it at one change of a file. False: it ended before. */
async function killRevertAt(killAt: number): Promise<boolean> {
  await rm(dir, { recursive: true, force: true });
  await cp(join(root, "before"), dir, { recursive: true });
  const env = { KILL_AT: String(killAt), NODE_OPTIONS: `--import ${KILL_AT_WRITE}` };
  const program = startProgram({ boot: { dir }, config: join(root, "agent.json") }, ["revert"], env);
  const end = await program.ended;
  // Its restart fails, so it does not wait for the next boot.
  if (end !== "SIGKILL")
    expect(program.output()).toMatch(/^(slot 0 boots again|the trial of slot 1 is canceled)/);
  return end === "SIGKILL";
}

/** Kills at each change, and in the middle of each write. Returns what `end` finds after each, and after none. */
async function killEverywhere(end: () => Promise<string>): Promise<string[]> {
  const ends: string[] = [];
  let isKilled = true;
  for (let killAt = 1; isKilled; killAt += STRIDE) {
    isKilled = await killRevertAt(killAt);
    ends.push(await end());
  }
  return ends;
}

/** Checks that the note decides: before it is durable, the update goes on, and after it, it was reverted by hand. */
function expectTruth(ends: string[], untouched: string): void {
  const byHand = "FAILED, reverted-by-hand, slot 0 runs";
  const noted = ends.indexOf(byHand);
  expect(ends).toEqual(ends.map((_, i) => (i < noted ? untouched : byHand)));
  expect(noted).toBeGreaterThan(0);
  expect((ends.length - noted) * STRIDE).toBeGreaterThan(5);
}

/** Runs `boot` in each boot until it asks for no restart. Checks that the slot that runs then is confirmed. */
async function bootUntilSettled(boot: (bench: Bench) => Promise<boolean>, firstSlot: number): Promise<Bench> {
  let slot = firstSlot;
  let bench = await benchOn(slot);
  while (await boot(bench)) {
    ({ slot } = await simulateBoot(dir));
    bench = await benchOn(slot);
  }
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: slot, workingSlot: slot });
  return bench;
}

const describeEnd = (...parts: (string | number | null | undefined)[]) => parts.filter(Boolean).join(", ");

describe.each([
  ["runs", 1],
  ["boots next", 0],
])(
  "`fota-agent revert` is killed at each of its writes while the image on trial %s",
  (_when, runningSlot) => {
    test.runIf(isSweep || runningSlot === 1)("the job tells what became of the trial", async () => {
      const { bc_crc: md5, bc_size: sizeBytes, bc_url: url } = documentOf(NEW, 1);
      const order = { slot: 1, sizeBytes, md5, url };
      const execution = { jobId: "fw-7", executionNumber: 1, versionNumber: 2 };
      await makeTrial(runningSlot, "fota-state.json", {
        version: 1,
        state: { phase: "trial", execution, order },
      });
      const ends = await killEverywhere(async () => {
        const cloud = new FakeCloud();
        const job = Object.assign(cloud.addJob("fw-7", documentOf(NEW, 1)), {
          status: "IN_PROGRESS",
          versionNumber: 2,
        });
        const { device } = await bootUntilSettled(async ({ device }) => {
          let isDue = false;
          const restart = async () => {
            isDue = true;
          };
          const slots = { ...device.slots, restart };
          await new Fota({ ...device, slots }).handleFotaJobs(new Jobs(cloud.mqtt(new Power())), {
            force: true,
          });
          return isDue;
        }, runningSlot);
        const { runningSlot: slot } = await device.slots.record();
        return describeEnd(job.status, job.statusDetails["reason"], `slot ${slot} runs`);
      });
      expectTruth(ends, "SUCCEEDED, slot 1 runs");
    });

    test.runIf(isSweep || runningSlot === 0)(
      "the result of an install by hand tells what became of the trial",
      async () => {
        const { bc_crc: md5, bc_size: sizeBytes } = documentOf(NEW, 1);
        const install = { slot: 1, sizeBytes, md5, scheduled: true };
        await makeTrial(runningSlot, "fota-history.json", { formatVersion: 1, images: {}, install });
        const ends = await killEverywhere(async () => {
          const boot = async (bench: Bench) => {
            const isDue = await finishInstall(
              bench,
              async () => true,
              () => false,
            );
            const { currentSlot, runningSlot: slot } = await bench.opened.slots.record();
            return isDue || currentSlot !== slot; // with a reset due, a person restarts the device
          };
          const status = await readStatus(await bootUntilSettled(boot, runningSlot), null);
          return describeEnd(status.last?.status, status.last?.reason, `slot ${status.slot} runs`);
        });
        expectTruth(ends, "SUCCEEDED, slot 1 runs");
      },
    );
  },
);
