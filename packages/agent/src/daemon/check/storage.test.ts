import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { attachLoop } from "../../../test/loop-device.js";
import { canMount, SmallDisk } from "../../../test/small-disk.js";
import type { Config } from "../config/schema.js";
import { checkStateFolder } from "./storage.js";

const canFormat = canMount && spawnSync("mkfs.ext4", ["-V"]).error === undefined;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-check-storage-"));
});
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  rmSync(dir, { recursive: true });
});

const check = (paths?: readonly string[]) =>
  checkStateFolder({ stateDir: dir, slots: paths ? { type: "uboot", paths } : { type: "files" } } as Config);

test("a state folder that is missing is not made, and one that exists stays as it was", async () => {
  const stateDir = join(dir, "not", "yet");
  const finding = await checkStateFolder({ stateDir, slots: { type: "files" } } as Config);
  const message = expect.stringContaining(`${stateDir} does not exist yet: \`fota-agent run\` makes it, `);
  expect(finding).toMatchObject({ status: "ok", message });
  expect(await check()).toMatchObject({ status: "ok", message: expect.stringMatching(/, .* free$/) });
  expect(readdirSync(dir)).toEqual([]);
});

test.each([
  ["below a file", (path: string) => writeFileSync(path, ""), "ENOTDIR"],
  ["below a link that leads nowhere", (path: string) => symlinkSync("/no/such/folder", path), "ENOENT"],
])("a state folder %s fails", async (_where, make, errno) => {
  make(join(dir, "there"));
  for (const stateDir of [join(dir, "there"), join(dir, "there", "state")]) {
    const finding = await checkStateFolder({ stateDir, slots: { type: "files" } } as Config);
    expect(finding).toMatchObject({ status: "fail", message: expect.stringContaining(errno) });
  }
});

test("a folder that cannot be made below one that can be listed fails", async () => {
  const finding = await checkStateFolder({ stateDir: "/proc/fota", slots: { type: "files" } } as Config);
  expect(finding).toMatchObject({ status: "fail", message: expect.stringContaining("/proc/fota") });
});

test.skipIf(!canMount)("a state folder in memory is a warning: a restart loses it", async () => {
  const disk = new SmallDisk(dir, "4m");
  closers.push(() => disk.unmount());
  expect(await check()).toMatchObject({ status: "warn", message: expect.stringContaining("is in memory") });
});

test.skipIf(!canFormat)(
  "a state folder in the partition of a slot fails: the other image does not see it",
  async () => {
    const loop = attachLoop(16 * 1024 * 1024);
    if (loop === undefined) return;
    execFileSync("mkfs.ext4", ["-q", loop.path]);
    execFileSync("mount", [loop.path, dir]);
    closers.push(
      () => execFileSync("umount", [dir]),
      () => loop.detach(),
    );
    expect(await check(["/dev/null", loop.path])).toMatchObject({
      status: "fail",
      message: `${dir} is in slot 1: the image in another slot does not see it`,
    });
    expect(await check(["/dev/null", "/no/such/device"])).toMatchObject({ status: "ok" });
  },
);
