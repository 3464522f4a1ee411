import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isTerminal } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower } from "./boot-device.js";
import { shareKills } from "./kill-share.js";
import { GATES, hookProcesses, KilledDevice, type Plan } from "./killed-device.js";
import { seededRandom } from "./random.js";
import { StandIn } from "./stand-in.js";

/** How often a hook, its child or the daemon is killed; `npm run sweep` does it 200 times. */
const KILLS = process.env["FOTA_SWEEP"] ? 200 : 4;
/** After this many kills, a job may end. More than the failures in a row that a hook may have. */
const KILLS_PER_JOB = 6;
const VERSIONS = ["1.0.0", "2.0.0"];

let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of VERSIONS) await standIn.makeApp(version);
});
afterAll(async () => await standIn.stop());

/** What a job's end and the log of its hooks must have in common, whatever was killed. */
function expectTruth(plan: Plan, status: string, reason: string | undefined, story: readonly string[]): void {
  const index = (line: string) => story.indexOf(line);
  // No step without the consent to the one before.
  for (const [i, gate] of GATES.entries()) {
    const next = GATES[i + 1];
    if (next === undefined || index(`start ${next}`) < 0) continue;
    expect(index(`end ${gate} allow`)).toBeGreaterThanOrEqual(0);
    expect(index(`end ${gate} allow`)).toBeLessThan(index(`start ${next}`));
  }
  if (status === "SUCCEEDED") {
    expect(plan).not.toBe("refuse");
    expect(story).toContain("end self-test allow");
  } else if (status === "REJECTED") {
    expect({ plan, reason }).toEqual({ plan: "refuse", reason: "refused" });
    expect(story).toContain("end before-install refuse");
  } else {
    expect(status).toBe("FAILED");
    expect(reason).toMatch(/^(hook-failed|self-test-failed)$/);
  }
  for (const hook of ["after-confirm", "after-revert"]) {
    expect(story.filter((line) => line === `start ${hook}`).length).toBeLessThanOrEqual(
      plan === "defer" ? 6 : 3,
    );
  }
}

test.concurrent.each(shareKills(KILLS))(
  "hooks, their children and the daemon of device $device are killed $kills times while a hook runs: each job tells what runs",
  async (share) => {
    const random = seededRandom(share.device);
    const device = await KilledDevice.make(standIn, random);
    const { boot, dir } = device;
    const [ends, killsOf, killsIn]: Record<string, number>[] = [{}, {}, {}];
    const count = (counts: Record<string, number> | undefined, key: string) => {
      if (counts !== undefined) counts[key] = (counts[key] ?? 0) + 1;
    };
    let runs = "1.0.0";
    for (let kills = 0; kills < share.kills; ) {
      const launcher = boot.launch(); // a new one for each job: fota-boot delays boots that follow each other quickly
      await launcher.says(/ pid /);
      const wanted = runs === "1.0.0" ? "2.0.0" : "1.0.0";
      const [slot, oldSlot] = (await readBootRecord(dir))?.workingSlot === 0 ? [1, 0] : [0, 1];
      const plan = (["allow", "refuse", "defer", "allow"] as const)[Math.floor(random() * 4)] ?? "allow";
      const jobId = await device.createJob(wanted, slot, plan);
      const isOver = async () =>
        isTerminal((await device.resultOf(jobId)).status) &&
        !(await device.read("fota-after-hooks.json")).includes(jobId);
      const victims: string[] = [];
      const limit = Math.ceil(random() * KILLS_PER_JOB);
      let daemon = device.run();
      while (victims.length < limit && kills < share.kills) {
        const kill = await device.kill(daemon, jobId, isOver);
        if (kill === undefined) break;
        const { victim, name } = kill;
        kills += 1;
        victims.push(`${victim} ${name}`);
        count(killsOf, victim);
        count(killsIn, name);
        if (victim === "child") continue; // the hook goes on
        daemon.process.kill("SIGKILL"); // a daemon that runs on asks a failed hook again after a minute
        await daemon.ended;
        await rm(join(dir, "pids"), { force: true });
        daemon = device.run();
      }
      await daemon.says(/connected to/); // it handles SIGTERM, even if the job is over
      const ended = async () => expect(await isOver()).toBe(true);
      await eventually(ended).catch(async () => {
        const story = await device.story(jobId);
        throw new Error(
          `job ${jobId} did not end: ${victims.join()}; ${story.join()}\n${daemon.output()}\n${launcher.output()}`,
        );
      });
      const { status, reason, detail } = await device.resultOf(jobId);
      count(ends, status);
      const story = await device.story(jobId);
      try {
        expectTruth(plan, status, reason, story);
        const runsNew = status === "SUCCEEDED";
        const now = runsNew ? slot : oldSlot;
        expect(await readBootRecord(dir)).toMatchObject({ currentSlot: now, workingSlot: now });
        if (runsNew) expect(await device.holds(slot, wanted)).toBe(true);
        if (runsNew) runs = wanted;
        daemon.process.kill("SIGTERM");
        expect(await daemon.ended).toBe(0);
        expect(await hookProcesses(dir)).toEqual([]);
        expect(await readdir(join(dir, "fota-running"))).toEqual([]);
      } catch (error) {
        const facts = JSON.stringify({ plan, victims, status, reason, detail, story }, undefined, 1);
        throw new Error(`${facts}\n${daemon.output()}`, { cause: error });
      }
      await cutPower(launcher);
    }
    console.log(
      `${share.kills} kills of device ${share.device} ${JSON.stringify([killsOf, killsIn])}: jobs ${JSON.stringify(ends)}`,
    );
    await boot.dispose();
  },
  60_000 + KILLS * 8_000,
);
