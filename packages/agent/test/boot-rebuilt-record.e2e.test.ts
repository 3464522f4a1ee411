import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { initBootRecord, readBootRecord, writeBootRecord } from "../src/boot/boot-record.js";
import { fileSlots } from "../src/node/file-slots.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";

/** A firmware that works until it is stopped. */
const WORKS = "exec sleep 600";

let tools: string;
let fotaBoot: string;
let device: BootDevice;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-last-tools-"));
  fotaBoot = await buildFotaBoot(tools);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
});
afterEach(async () => await device.dispose());

/** Ways in which one copy of the record is lost. */
const LOST: [how: string, lose: (path: string) => unknown][] = [
  ["missing", () => {}],
  ["torn", (path) => writeFile(path, "torn")],
  ["given back with EIO", (path) => symlink("/proc/self/mem", path)],
  ["a folder", (path) => mkdir(join(path, "lost+found"), { recursive: true })],
  ["a pipe", (path) => spawnSync("mkfifo", [path])],
];

async function lose(lost: (path: string) => unknown, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(device.dir, name);
    await rm(path, { recursive: true, force: true });
    await lost(path);
  }
}

test.each(LOST)("a device whose copy of the record is %s boots by the other one", async (_how, lost) => {
  await initBootRecord(device.dir, 0);
  await device.image(0, WORKS);
  for (const name of ["boot-record-a", "boot-record-b"]) {
    await initBootRecord(device.dir, 0);
    await lose(lost, [name]);
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid \d+ trial 0/);
    launcher.process.kill("SIGTERM");
    expect(await launcher.ended).toBe(143);
  }
});

test.each(LOST)("--install --force works where both copies are %s", async (_how, lost) => {
  const image = join(tools, "image");
  await writeFile(image, "#!/bin/sh\nexit 7\n");
  await lose(lost, ["boot-record-a", "boot-record-b"]);
  await mkdir(join(device.dir, "slot-0", "in the way"), { recursive: true });
  await mkdir(join(device.dir, "slot-0.new", "too"), { recursive: true });
  expect(await device.launch("--install", image, "--force").ended).toBe(0);
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  expect(await device.launch().ended).toBe(7);
});

const NO_COPIES = ["boot-record-a", "boot-record-b"];

describe("with no record left", () => {
  test.each(LOST)(
    "the only bootable slot boots on trial if both copies are %s, and a line reports it",
    async (_how, lost) => {
      await device.image(1, WORKS);
      await mkdir(join(device.dir, "slot-0")); // not an image
      await lose(lost, NO_COPIES);
      const launcher = device.launch();
      await launcher.says(/^slot 1 pid \d+ trial 1/);
      expect(launcher.output()).toMatch(
        /^fota-boot: LAST RESORT: .*; rebuilt the record from the slots, booting slot 1 on trial/m,
      );
      expect(await readBootRecord(device.dir)).toMatchObject({
        currentSlot: 1,
        workingSlot: 0,
        lastResort: true,
      });
    },
  );

  test("it is confirmed after the time limit of a trial, and keeps running", async () => {
    await device.image(1, 'until [ -e "$FOTA_DIR/go" ]; do sleep 0.01; done; exit 3');
    const launcher = device.launch("--confirm-within", "0.3");
    await launcher.says(/slot 1 has run for 0\.3 s after its record was lost; confirming it/);
    const confirmed = { currentSlot: 1, workingSlot: 1, trialBoots: 0 };
    await expect.poll(() => readBootRecord(device.dir)).toMatchObject(confirmed);
    await writeFile(join(device.dir, "go"), "");
    expect(await launcher.ended).toBe(3);
    expect(await readBootRecord(device.dir)).toMatchObject(confirmed);
    const next = device.launch();
    await next.says(/^slot 1 pid \d+ trial 0/);
    expect(await next.ended).toBe(3);
  });

  test("it is never given up: after a crash, the next launcher starts it again", async () => {
    await device.image(1, "exit 4");
    for (let starts = 0; starts < 3; starts += 1) {
      const launcher = device.launch();
      expect(await launcher.ended).toBe(4);
      expect(launcher.output()).toMatch(/^slot 1 pid \d+ trial 1/m);
    }
  });

  test("of two images, the older one boots on trial first, and the other one is the fallback", async () => {
    await device.image(0, WORKS);
    await device.image(1, "exit 1");
    await utimes(join(device.dir, "slot-0"), 2_000, 2_000);
    await utimes(join(device.dir, "slot-1"), 1_000, 1_000);
    const launcher = device.launch();
    await launcher.says(/^slot 1 pid \d+ trial 1/);
    await launcher.says(/^slot 0 pid \d+ trial 0/);
  });

  test("a folder without any image is refused with advice that works", async () => {
    await lose(LOST[1]?.[1] ?? (() => {}), NO_COPIES);
    const launcher = device.launch();
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toMatch(/BOOT_RECORD_INVALID.*--install IMAGE --force/);
  });
});

test("the time limit of a trial without a fallback doubles with each boot", async () => {
  await device.scheduleTrial();
  await device.image(1, WORKS);
  for (const limit of ["0.4", "0.8", "1.6"]) {
    const launcher = device.launch("--confirm-within", "0.4", "--stop-grace", "0.5");
    await launcher.ended;
    if (limit !== "0.4") expect(launcher.output()).toContain(`must be confirmed within ${limit} s`);
    expect(launcher.output()).toContain("no other slot holds an image");
  }
});

test("a record whose slots are empty does not keep the one image from booting", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(1, WORKS);
  const launcher = device.launch();
  await launcher.says(/^slot 1 pid \d+ trial 1/);
  expect(launcher.output()).toMatch(/LAST RESORT: slot 0 holds no image; booting slot 1 on trial/);
});

test("a record that is lost while the firmware runs is written again, and a trial is not confirmed by that", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, 'rm "$FOTA_DIR"/boot-record-*; exit 1');
  const launcher = device.launch();
  await launcher.says(/^slot 0 pid \d+ trial 0/);
  expect(launcher.output()).toMatch(/the boot record was lost while the firmware ran/);
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0, trialBoots: 0 });
});

describe("an image that rotted after its confirmation", () => {
  /** Flips one bit. */
  async function rot(slot: number): Promise<void> {
    const path = join(device.dir, `slot-${slot}`);
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }

  /** Slot 0 and then slot 1 confirmed, as an update leaves it. */
  async function update(script: string): Promise<void> {
    const image = join(tools, "image");
    await writeFile(image, `#!/bin/sh\necho "slot $FOTA_SLOT pid $$ trial $FOTA_TRIAL"\n${WORKS}\n`);
    expect(await device.launch("--install", image, "--force").ended).toBe(0);
    await device.image(1, script);
    const bootId = "b-1";
    await fileSlots({ dir: device.dir, runningSlot: 0, slotSizeBytes: 1e6 }).attempt(1);
    const record = await readBootRecord(device.dir);
    if (record !== undefined) await writeBootRecord(device.dir, { ...record, trialBoots: 1, bootId });
    await fileSlots({ dir: device.dir, runningSlot: 1, slotSizeBytes: 1e6, bootId }).accept();
  }

  test("the other confirmed slot boots, confirmed", async () => {
    await update(WORKS);
    await rot(1);
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid \d+ trial 0/);
    expect(launcher.output()).toContain(
      "fota-boot: slot 1 has changed since it was confirmed; reverting to slot 0\n",
    );
    expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });

  test("without an intact image, the changed one boots, and a line reports it", async () => {
    await update(`${WORKS} # end`);
    await rot(0);
    await rot(1);
    const launcher = device.launch();
    await launcher.says(/^slot 1 pid \d+ trial 0/);
    expect(launcher.output()).toMatch(/slot 1 HAS CHANGED since it was confirmed/);
  });

  test("an installed image is known by its digest too", async () => {
    await update(WORKS);
    expect((await readBootRecord(device.dir))?.confirmed?.map(({ slot }) => slot)).toEqual([0, 1]);
    const launcher = device.launch();
    await launcher.says(/^slot 1 pid \d+ trial 0/);
    expect(launcher.output()).not.toMatch(/changed/i);
  });
});
