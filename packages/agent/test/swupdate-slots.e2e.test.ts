import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { parseRunningSlot } from "../src/node/boot-loader.js";
import { swupdateSlots } from "../src/node/swupdate-slots.js";
import { ubootLoader } from "../src/node/uboot-slots.js";
import { type InstallerKey, makeInstallerKey } from "./installer-key.js";
import { contractOver, storeImage } from "./slot-tests.js";
import { makeSwu, swupdateMissing } from "./swu-file.js";
import { hasUbootTools, UbootDevice } from "./uboot-device.js";

function slotsOf({ dir, config }: UbootDevice, runningSlot: number, args: readonly string[]): Slots {
  return swupdateSlots({
    dir: join(dir, "bundles"),
    loader: ubootLoader({ runningSlot, envConfig: config }),
    arguments: args,
    slotSizeBytes: 64 * 1024,
  });
}

describe.skipIf(swupdateMissing !== undefined || !hasUbootTools)("with swupdate and fw_setenv", () => {
  let folder: string;
  let key: InstallerKey;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fota-swu-"));
    key = makeInstallerKey(folder);
  });
  afterAll(async () => await rm(folder, { recursive: true }));
  // SWUpdate's sockets are there: it must not meet one that another test runs.
  beforeEach(() => void vi.stubEnv("TMPDIR", folder));
  afterEach(() => void vi.unstubAllEnvs());

  let device: UbootDevice;
  let slots: Slots;
  let args: string[];
  beforeEach(async () => {
    device = await UbootDevice.make();
    args = ["--key", key.certificate, "--hwrevision", "board:1"];
    slots = slotsOf(device, 0, args);
  });
  afterEach(async () => await device.dispose());
  const boot = async () => slotsOf(device, parseRunningSlot(await device.boot()), args);

  async function makeBundle(): Promise<{ image: Buffer; bundle: Buffer }> {
    await writeFile(device.paths[1] ?? "", "");
    const image = Buffer.alloc(20_000, "a new root file system ");
    return { image, bundle: makeSwu(folder, key, device.paths, image) };
  }

  test("a bundle is installed into the slot that does not run, and is what runs then", async () => {
    const { image, bundle } = await makeBundle();
    await storeImage(slots, bundle);
    const stored = await slots.digest(1, bundle.length);
    await slots.attempt(1);
    expect((await readFile(device.paths[1] ?? "")).equals(image)).toBe(true);
    expect(await readFile(device.paths[0] ?? "", "utf8")).toBe("the first image");
    const onTrial = await boot();
    expect(await onTrial.record()).toMatchObject({ runningSlot: 1, currentSlot: 1, workingSlot: 0 });
    expect(await onTrial.digest(1, bundle.length)).toEqual(stored);
    await onTrial.accept();
    await expect(stat(join(device.dir, "bundles", "bundle-1"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await onTrial.digest(1, bundle.length)).toEqual(stored);
    expect(await onTrial.digest(1, bundle.length - 1)).not.toEqual(stored);
  });

  test("a bundle with a wrong signature is refused in SWUpdate's words, and nothing boots it", async () => {
    const { bundle } = await makeBundle();
    const other = await mkdtemp(join(folder, "other-"));
    await storeImage(slots, makeSwu(other, makeInstallerKey(other), device.paths, Buffer.alloc(9)));
    await expect(slots.attempt(1)).rejects.toMatchObject({
      code: "SLOT_ACCESS",
      message: expect.stringMatching(/^swupdate failed: .*[Ss]ign/),
    });
    expect(await slots.record()).toMatchObject({ currentSlot: 0, workingSlot: 0 });
    await storeImage(slots, bundle);
    await slots.attempt(1);
  });

  test("an installation that is killed boots nothing, and its bundle is not known", async () => {
    const { bundle } = await makeBundle();
    await storeImage(slots, bundle);
    await slots.attempt(1);
    await slots.revert();
    const tools = join(device.dir, "tools");
    await mkdir(tools);
    await writeFile(join(tools, "swupdate"), "#!/bin/sh\nkill -9 $$\n");
    await chmod(join(tools, "swupdate"), 0o755);
    vi.stubEnv("PATH", `${tools}:${process.env["PATH"]}`);
    await expect(slots.attempt(1)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
    vi.unstubAllEnvs();
    expect(await slots.record()).toMatchObject({ currentSlot: 0, workingSlot: 0 });
    expect(await readFile(join(device.dir, "bundles", "installed-bundles.json"), "utf8")).toBe(
      '{"version":1,"slots":{}}',
    );
  });
});

describe.skipIf(!hasUbootTools)("contract, with a swupdate that takes any file as an image", () => {
  let tools: string;
  beforeAll(async () => {
    tools = await mkdtemp(join(tmpdir(), "fota-swupdate-"));
    await writeFile(join(tools, "swupdate"), '#!/bin/sh\nfor file; do :; done\ntest -s "$file"\n');
    await chmod(join(tools, "swupdate"), 0o755);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(tools, { recursive: true });
  });
  contractOver("swupdateSlots", async () => {
    vi.stubEnv("PATH", `${tools}:${process.env["PATH"]}`);
    const device = await UbootDevice.make();
    const boot = async () => slotsOf(device, parseRunningSlot(await device.boot()), []);
    return {
      slots: await boot(),
      reboot: boot,
      async dispose() {
        vi.unstubAllEnvs();
        await device.dispose();
      },
    };
  });
});
