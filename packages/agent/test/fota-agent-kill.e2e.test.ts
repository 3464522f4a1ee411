import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type JobExecutionStatus } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { startProgram } from "./agent-program.js";
import { cutPower } from "./boot-device.js";
import { shareKills } from "./kill-share.js";
import { seededRandom } from "./random.js";
import { StandIn } from "./stand-in.js";
import type { WatchedProcess } from "./watched-process.js";

/** How often the daemon is killed; `npm run sweep` does it 200 times. */
const KILLS = Number(process.env["FOTA_CUTS"] ?? (process.env["FOTA_SWEEP"] ? 200 : 8));
/** Approximate duration and log lines of an update here. */
const UPDATE_MS = 2_500;
const UPDATE_LINES = 16;
/** After this many kills in a row, the job may end. */
const KILLS_PER_JOB = 4;
const VERSIONS = ["1.0.0", "2.0.0"];

let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of VERSIONS) await standIn.makeApp(version);
});
afterAll(async () => await standIn.stop());

/** Waits for a random moment of an update. */
async function randomMoment(daemon: WatchedProcess, random: () => number): Promise<string> {
  if (random() < 0.5) {
    const delayMs = Math.floor(random() * UPDATE_MS);
    await sleep(delayMs);
    return `${delayMs} ms`;
  }
  const lines = 1 + Math.floor(random() * UPDATE_LINES);
  await Promise.race([daemon.said(lines), sleep(2 * UPDATE_MS)]);
  return `${lines} lines`;
}

test.concurrent.each(shareKills(KILLS))(
  "the daemon of device $device is killed $kills times at random: each job tells what runs",
  async (share) => {
    const random = seededRandom(share.device);
    const device = await standIn.makeDevice("1.0.0");
    const { thingName, boot } = device;
    const ends: Record<string, number> = {};
    let runs = "1.0.0";
    for (let kills = 0; kills < share.kills; ) {
      const launcher = boot.launch(); // a new one for each job: fota-boot delays boots that follow each other quickly
      await launcher.says(/ pid /);
      const wanted = runs === "1.0.0" ? "2.0.0" : "1.0.0";
      const slot = (await readBootRecord(boot.dir))?.workingSlot === 0 ? 1 : 0;
      const jobId = await standIn.createJob(wanted, thingName, slot);
      const statusOf = async () => (await standIn.executionOf(jobId, thingName)).status as JobExecutionStatus;
      const story = [`${wanted} to slot ${slot}`];
      for (
        let inJob = 0;
        inJob < KILLS_PER_JOB && kills < share.kills && !isTerminal(await statusOf());
        inJob += 1
      ) {
        const daemon = startProgram(device, ["run"]);
        story.push(await randomMoment(daemon, random));
        daemon.process.kill("SIGKILL");
        await daemon.ended;
        kills += 1;
      }
      const daemon = startProgram(device, ["run"]);
      await daemon.says(/connected to/);
      const isEnded = async () => expect(isTerminal(await statusOf())).toBe(true);
      await eventually(isEnded).catch(() => {
        throw new Error(`the job did not end: ${story.join(", ")}\n${daemon.output()}\n${launcher.output()}`);
      });
      const status = await statusOf();
      ends[status] = (ends[status] ?? 0) + 1;
      // An app that runs well must not be reverted because the agent was killed.
      expect({ story, status, log: daemon.output() }).toMatchObject({ status: "SUCCEEDED" });
      daemon.process.kill("SIGTERM");
      expect(await daemon.ended).toBe(0);
      const record = await readBootRecord(boot.dir);
      expect({ story, record }).toMatchObject({ record: { currentSlot: slot, workingSlot: slot } });
      expect(await standIn.holds(device, slot, wanted)).toBe(true);
      runs = wanted;
      await cutPower(launcher);
    }
    console.log(`${share.kills} kills of device ${share.device}: ${ends["SUCCEEDED"]} updates SUCCEEDED`);
    await boot.dispose();
  },
  60_000 + KILLS * 6_000,
);
