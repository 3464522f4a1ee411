import { mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initBootRecord, readBootRecord } from "../src/boot/boot-record.js";
import { fileSlots } from "../src/node/file-slots.js";
import { fileState } from "../src/node/file-state.js";
import { canMount, SmallDisk } from "./small-disk.js";

describe.skipIf(!canMount)("on a disk of its own (needs root)", () => {
  let dir: string;
  let disk: SmallDisk;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-disk-"));
    disk = new SmallDisk(dir);
    await writeFile(join(dir, "slot-0"), "running");
    await initBootRecord(dir, 0);
  });
  afterEach(async () => {
    disk.unmount();
    await rm(dir, { recursive: true });
  });

  const slotsOf = () => fileSlots({ dir, runningSlot: 0, slotSizeBytes: 1024 ** 2 });
  const state = () => fileState(join(dir, "fota-state.json"));
  /** Takes all the space that is left. */
  async function fillUp(): Promise<void> {
    const { bavail, bsize } = await statfs(dir);
    await writeFile(join(dir, "logs"), Buffer.alloc(bavail * bsize));
  }
  async function refusal(action: Promise<unknown>) {
    const error = await action.then(() => undefined).catch((thrown: unknown) => thrown);
    if (!isFotaError(error)) throw new Error(`not refused with a FotaError: ${String(error)}`);
    return error;
  }

  test("an image that does not fit is refused before anything is downloaded", async () => {
    const error = await refusal(slotsOf().erase(1, 512 * 1024));
    expect(error.message).toMatch(/the image needs 524288 bytes in .*, \d+ are free/);
  });

  test("the old image of the slot counts as free", async () => {
    const slots = slotsOf();
    await writeFile(join(dir, "slot-1"), Buffer.alloc(150_000));
    await slots.erase(1, 150_000);
    await slots.write(1, 0, new Uint8Array(150_000));
    await slots.close(1);
  });

  test("a full disk during the download is explained, and the written bytes stay", async () => {
    const slots = slotsOf();
    await slots.erase(1, 8192);
    await slots.write(1, 0, new Uint8Array(4096).fill(7));
    await slots.sync(1);
    await fillUp();
    const error = await refusal(slots.write(1, 4096, new Uint8Array(4096)));
    expect(error).toMatchObject({ code: "SLOT_ACCESS", hint: expect.stringMatching(/free space/) });
    expect(error.message).toMatch(/no space left on the disk \(ENOSPC\)/);
    await rm(join(dir, "logs"));
    await slots.write(1, 4096, new Uint8Array(4096).fill(8));
    await slots.close(1);
    expect((await readFile(join(dir, "slot-1"))).subarray(4095, 4097)).toEqual(Buffer.from([7, 8]));
  });

  test("a state that does not fit leaves the one from before", async () => {
    await state().save("before");
    await fillUp();
    expect((await refusal(state().save("x".repeat(100_000)))).code).toBe("STATE_ACCESS");
    expect(await state().load()).toBe("before");
  });

  test("a disk that turns read-only refuses everything that changes, in words, and can be read", async () => {
    const slots = slotsOf();
    await slots.erase(1, 5);
    await slots.write(1, 0, new TextEncoder().encode("image"));
    await slots.sync(1);
    await slots.close(1);
    await state().save("before");
    const before = await slots.record();
    disk.turnReadOnly();
    for (const action of [
      () => slots.erase(1, 5),
      () => slots.write(1, 0, new Uint8Array(1)),
      () => slots.attempt(1),
    ]) {
      const error = await refusal(action());
      expect(error.code).toBe("SLOT_ACCESS");
      expect(error.message).toMatch(/the file system is read-only \(EROFS\)/);
    }
    expect((await refusal(state().save("after"))).code).toBe("STATE_ACCESS");
    expect(await slots.record()).toEqual(before);
    expect(await readBootRecord(dir)).toEqual({ currentSlot: 0, workingSlot: 0, trialBoots: 0 });
    expect((await slots.digest(1, 5)).md5).toBe("78805a221a988e79ef3f42d7c5bfd418"); // md5sum
    expect(await state().load()).toBe("before");
  });
});
