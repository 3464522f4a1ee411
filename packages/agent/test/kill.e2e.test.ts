import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type JobExecutionStatus } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower, type Launcher } from "./boot-device.js";
import { StandIn } from "./stand-in.js";

/** How often power is cut; `npm run sweep` does it more often, and a soak run sets hundreds. */
const CUTS = Number(process.env["FOTA_CUTS"] ?? (process.env["FOTA_SWEEP"] ? 24 : 8));
/** Approximate duration and log lines of an update here. Cuts come earlier, at a random time or line. */
const UPDATE_MS = 1_200;
const UPDATE_LINES = 18;
/** After this many cuts in a row, the job may end. */
const CUTS_PER_JOB = 5;

let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0"]) await standIn.buildFirmware(version);
});
afterAll(async () => await standIn.stop());

/** Waits for a random moment of an update. Returns what it waited for. */
async function randomMoment(launcher: Launcher): Promise<string> {
  if (Math.random() < 0.5) {
    const delayMs = Math.floor(Math.random() * UPDATE_MS);
    await sleep(delayMs);
    return `${delayMs} ms`;
  }
  const lines = 1 + Math.floor(Math.random() * UPDATE_LINES);
  // One that says less than that has nothing left to do.
  await Promise.race([launcher.said(lines), sleep(2 * UPDATE_MS)]);
  return `${lines} lines`;
}

test(
  `power cut ${CUTS} times at random: always bootable, and no job tells a lie`,
  async () => {
    const device = await standIn.makeDevice("1.0.0");
    const { thingName, boot } = device;
    const ends: Record<string, number> = { SUCCEEDED: 0, FAILED: 0 };
    let runs = "1.0.0";
    let cuts = 0;
    let patches = 0;

    const statusOf = async (jobId: string) =>
      (await standIn.executionOf(jobId, thingName)).status as JobExecutionStatus;
    const confirmed = async (version: string) => {
      const record = await readBootRecord(boot.dir);
      return record !== undefined && (await standIn.holds(device, record.workingSlot, version));
    };

    while (cuts < CUTS) {
      const slot = (await readBootRecord(boot.dir))?.workingSlot === 0 ? 1 : 0;
      const wanted = runs === "1.0.0" ? "2.0.0" : "1.0.0";
      const isPatch = Math.random() < 0.5;
      const jobId = isPatch
        ? await standIn.createPatchJob(wanted, runs, thingName, slot)
        : await standIn.createJob(wanted, thingName, slot);
      if (isPatch) patches += 1;
      const story = [`${wanted} to slot ${slot}${isPatch ? ", as a patch" : ""}`];
      let status = await statusOf(jobId);
      for (let inJob = 0; cuts < CUTS && inJob < CUTS_PER_JOB && !isTerminal(status); inJob += 1) {
        const launcher = boot.launch();
        story.push(await randomMoment(launcher));
        await cutPower(launcher);
        cuts += 1;
        status = await statusOf(jobId);
        const safe = (await confirmed(wanted)) || (status !== "SUCCEEDED" && (await confirmed(runs)));
        expect({ story, status, safe }).toEqual({ story, status, safe: true });
      }
      const launcher = boot.launch();
      await expect.poll(async () => isTerminal(await statusOf(jobId))).toBe(true);
      await cutPower(launcher);
      status = await statusOf(jobId);
      if (status === "SUCCEEDED") runs = wanted;
      ends[status] = (ends[status] ?? 0) + 1;
      expect({ story, status, runs, confirmed: await confirmed(runs) }).toMatchObject({ confirmed: true });
      expect(Object.keys(ends)).toEqual(["SUCCEEDED", "FAILED"]);
    }
    console.log(
      `${cuts} power cuts, ${patches} of the updates as patches: ${ends["SUCCEEDED"]} updates SUCCEEDED, ${ends["FAILED"]} FAILED and went back`,
    );
    await boot.dispose();
  },
  60_000 + CUTS * 5_000,
);
