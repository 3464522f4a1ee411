import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileSlots } from "../node/file-slots.js";
import { initBootRecord } from "./boot-record.js";
import { installFirstImage } from "./install.js";
import { deviceSizeBytes, isBootable, slotPath } from "./slot-files.js";

let dir: string;
let server: Server | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-odd-"));
  await initBootRecord(dir, 0);
  await writeFile(slotPath(dir, 0), "image");
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(dir, { recursive: true });
});

const makers: [what: string, make: (path: string) => unknown][] = [
  ["a FIFO", (path) => expect(spawnSync("mkfifo", [path]).status).toBe(0)],
  ["a folder", (path) => mkdir(path)],
  ["a character device", (path) => symlink("/dev/zero", path)],
  [
    "a socket",
    async (path) => {
      server = createServer().listen(path);
      await once(server, "listening");
    },
  ],
];

test("a slot that is missing below /dev/shm is a file that can be created", async () => {
  expect(await deviceSizeBytes("/dev/shm/fota-no-such-folder/slot-1")).toBeUndefined();
  const link = slotPath(dir, 1);
  await symlink("/dev/shm/fota-no-such-file", link);
  expect(await deviceSizeBytes(link)).toBeUndefined();
});

test("a device that is missing is an error", async () => {
  const refusal = { code: "SLOT_ACCESS", message: "device /dev/fota-no-such-device does not exist" };
  await expect(deviceSizeBytes("/dev/fota-no-such-device")).rejects.toMatchObject(refusal);
});

describe.runIf(process.platform === "linux")("a slot that holds no image and never will", () => {
  test.each(makers)("%s is refused at once by every use of the slot", async (what, make) => {
    const path = slotPath(dir, 1);
    await make(path);
    const slots = () => fileSlots({ dir, runningSlot: 0, slotSizeBytes: 1_024 });
    const refusal = {
      code: "SLOT_ACCESS",
      message: `${path} is ${what}: a slot must be a file or a block device`,
    };
    await expect(slots().record()).rejects.toMatchObject(refusal);
    await expect(slots().erase(1, 5)).rejects.toMatchObject(refusal);
    await expect(slots().write(1, 0, new Uint8Array(5))).rejects.toMatchObject(refusal);
    await expect(slots().digest(1, 5)).rejects.toMatchObject(refusal);
    expect(await isBootable(path)).toBe(false);
  });

  test.each(makers)("%s is refused as the image of a first installation", async (_what, make) => {
    const path = join(dir, "image");
    await make(path);
    await expect(installFirstImage(dir, path, true)).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
  });
});
