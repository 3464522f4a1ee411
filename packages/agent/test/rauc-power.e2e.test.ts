import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { makeInstallerKey } from "./installer-key.js";
import { Bus, RaucDevice, raucMissing } from "./rauc-device.js";
import { storeImage } from "./slot-tests.js";

if (raucMissing !== undefined) test.skip(`RAUC: ${raucMissing}`, () => {});

describe.skipIf(raucMissing !== undefined)("with RAUC", () => {
  let folder: string;
  let device: RaucDevice;
  let bus: Bus;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fota-rauc-bus-"));
    bus = await Bus.start(folder);
  });
  afterAll(async () => {
    await bus.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    device = await RaucDevice.make(makeInstallerKey(folder), bus);
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.address);
    vi.stubEnv("PATH", device.path);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await device.dispose();
  });
  const boot = async () => {
    await device.boot();
    return await device.slots();
  };

  // Every cut in `npm run sweep`, one for each moment in `npm test`.
  const all = (["attempt", "accept", "revert"] as const).flatMap((moment) =>
    ([1, 2] as const).flatMap((call) =>
      (["before", "after"] as const).map((point) => ({ point, call, moment })),
    ),
  );
  const cuts = process.env["FOTA_SWEEP"]
    ? all
    : all.filter(({ call, point }) => call === 1 && point === "after");

  test.each(cuts)("power cut $point call $call of RAUC in $moment", async ({ point, call, moment }) => {
    const bundle = await readFile(await device.makeBundle(Buffer.alloc(9_000, "x")));
    let now = await boot();
    await storeImage(now, bundle);
    const stored = await now.digest(1, bundle.length);
    if (moment !== "attempt") {
      await now.attempt(1);
      now = await boot();
    }
    const cut = now;
    expect(
      await device.cutPower(call, point, () => (moment === "attempt" ? cut.attempt(1) : cut[moment]())),
    ).toBe(true);
    now = await boot();
    const { runningSlot, currentSlot, workingSlot } = await now.record();
    const found = { runningSlot, currentSlot, workingSlot };
    // Either the old image is confirmed, or the new one, or the new one is on trial: and then all goes on from there.
    const [old, trial, confirmed] = [
      { runningSlot: 0, currentSlot: 0, workingSlot: 0 },
      { runningSlot: 1, currentSlot: 1, workingSlot: 0 },
      { runningSlot: 1, currentSlot: 1, workingSlot: 1 },
    ];
    expect([old, trial, confirmed]).toContainEqual(found);
    if (moment === "revert") expect(found).toEqual(old);
    if (runningSlot === 1) expect(await now.digest(1, bundle.length)).toEqual(stored);
    if (runningSlot === 0) {
      await now.attempt(1);
      now = await boot();
      expect(await now.record()).toMatchObject(trial);
    }
    await now.accept();
    now = await boot();
    expect(await now.record()).toMatchObject(confirmed);
    expect(await now.digest(1, bundle.length)).toEqual(stored);
  });
});
