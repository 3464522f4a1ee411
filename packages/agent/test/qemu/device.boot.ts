import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../random.js";
import type { JobEnd } from "./device/host-stand-in.js";
import type { ImageFault } from "./device/image-builder.js";
import { missingForDevice } from "./device/missing.js";
import { type BuiltImage, QemuDevice } from "./device/qemu-device.js";

/** Number of random power cuts. */
const CUTS = Number(process.env["FOTA_CUTS"] ?? (process.env["FOTA_SWEEP"] ? 25 : 5));
/** After this many power cuts in a row, the job may end. */
const CUTS_PER_JOB = 4;
/** About as many lines as the device prints from the power on to the confirmed image. */
const UPDATE_LINES = 24;
/** Longest time between a line and the power cut. */
const AFTER_LINE_MS = 2_000;
const FAULTS: readonly ImageFault[] = ["panic", "no-kernel", "self-test", "no-agent"];
/** An update takes 30 s on two idle cores. */
const JOB_LIMIT_MS = 600_000;

const missing = await missingForDevice();
if (missing !== undefined) test.skip(`a whole device in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("a whole device in QEMU", () => {
  const random = seededRandom();
  let device: QemuDevice;
  /** What must run. */
  let current: BuiltImage;
  const images: BuiltImage[] = [];
  const ends: Record<string, number> = {};
  /** Those of the tests before. */
  let counted = { boots: 0, cuts: 0 };

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "fota-qemu-device-"));
    const made = await QemuDevice.make(folder, seededRandom());
    device = made.device;
    current = made.image;
    images.push(current);
  });
  afterAll(async () => {
    await device.dispose();
    print(describeCounts());
  });

  afterEach(({ task }) => {
    const { boots, cuts } = device.counts;
    task.meta.bootLoader = "a whole device";
    task.meta.boots = boots - counted.boots;
    task.meta.powerCuts = cuts - counted.cuts;
    counted = { boots, cuts };
  });

  /**
   * Publishes an image, turns the power on, and waits for the end of the job while `meanwhile` runs. Then turns the power
   * off, and compares the report with what is on the disk.
   */
  async function update(
    fault: ImageFault | undefined,
    meanwhile: (ended: Promise<JobEnd>) => Promise<void> = async () => {},
  ): Promise<JobEnd> {
    const image = await device.buildImage(fault);
    images.push(image);
    const [startedMs, cutsBefore] = [performance.now(), device.counts.cuts];
    const jobId = await device.standIn.publish(image.path, image.version);
    await rm(image.path);
    device.powerOn();
    let end: JobEnd;
    try {
      const ended = device.standIn.waitForEnd(jobId);
      await meanwhile(ended);
      end = await ended;
    } catch (cause) {
      throw new Error(`the job did not end; console:\n${device.log.slice(-8000)}`, { cause });
    } finally {
      await device.turnOff();
    }
    const { status, reason } = end;
    const name = `${status} ${reason}`.trim();
    ends[name] = (ends[name] ?? 0) + 1;
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const cuts = device.counts.cuts - cutsBefore;
    print(
      `${image.version} (${fault ?? "good"}): ${name}, ${cuts} power cuts, ${seconds} s; so far ${describeCounts()}`,
    );

    if (status === "SUCCEEDED") current = image;
    const { version } = current;
    const found = { status, ran: device.lastBoot(), bootsNext: await device.bootsNext(images) };
    expect(found, device.log.slice(-8000)).toEqual({
      status,
      ran: version,
      bootsNext: { version, isTrial: false },
    });
    return end;
  }

  test("an image is installed, tried, confirmed and reported", { timeout: JOB_LIMIT_MS }, async () => {
    expect(await update(undefined)).toEqual({ status: "SUCCEEDED", reason: "" });
    expect(device.log).toMatch(/runs 1\.0\.0.*runs 1\.1\.0.*hook self-test allowed.*SUCCEEDED/s);
  });

  test("an image whose init ends is reverted after the kernel's panic", {
    timeout: JOB_LIMIT_MS,
  }, async () => {
    expect(await update("panic")).toMatchObject({ status: "FAILED" });
    expect(device.log).toContain("Attempted to kill init");
  });

  test(`each job tells what runs, after ${CUTS} power cuts`, {
    timeout: (1 + CUTS) * JOB_LIMIT_MS,
  }, async () => {
    for (let cuts = 0; cuts < CUTS; ) {
      const fault = random() < 0.4 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
      const { status } = await update(fault, async (ended) => {
        const isOver = ended.then(() => true);
        for (let inJob = 0; inJob < CUTS_PER_JOB && cuts < CUTS; inJob += 1) {
          if (await Promise.race([randomMoment(), isOver])) return;
          await device.cutPower();
          cuts += 1;
          device.powerOn();
        }
      });
      expect(fault === undefined || status === "FAILED").toBe(true);
    }
  });

  function describeCounts(): string {
    const { boots, cuts } = device.counts;
    const jobs = Object.entries(ends).map(([name, count]) => `${count} ${name}`);
    const repairs = device.log.match(/device: repairs/g)?.length ?? 0;
    const losses = `${device.lostSectors} sectors lost, ${repairs} repairs`;
    return `${boots} boots, ${cuts} power cuts, ${losses}, jobs: ${jobs.join(", ")}`;
  }

  /** Waits for a random moment of an update, by what the device prints, as its speed differs. */
  async function randomMoment(): Promise<false> {
    const lines = Math.floor(random() * UPDATE_LINES);
    const delayMs = random() * AFTER_LINE_MS;
    await device.machine.console.sees(new RegExp(`(.*\n){${lines}}`), JOB_LIMIT_MS).catch(() => {});
    await sleep(delayMs);
    return false;
  }
});

/** Shows progress at once, unlike the console of a test. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
