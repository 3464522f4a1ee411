import { openSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FileBytes, StoredBytes } from "./stored-bytes.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-stored-bytes-"));
  await writeFile(join(folder, "one"), "abcdef");
  await writeFile(join(folder, "two"), "ghijkl");
});

afterAll(() => rm(folder, { recursive: true }));

const path = (name: string) => join(folder, name);

const files = (): FileBytes[] => [
  { file: openSync(path("one"), "r"), offsetBytes: 2, lengthBytes: 4 },
  { file: path("two"), offsetBytes: 0, lengthBytes: 0 },
  { file: path("two"), offsetBytes: 0, lengthBytes: 5 },
];

const isOpen = (fd: unknown) =>
  stat(`/proc/self/fd/${fd}`).then(
    () => true,
    () => false,
  );

describe("stored bytes", () => {
  test("are read into memory, file by file", async () => {
    const bytes = new StoredBytes(files());
    const memory = Buffer.alloc(3);
    const read: string[] = [];
    for (;;) {
      const count = await bytes.read(memory);
      if (count === 0) break;
      read.push(memory.toString("latin1", 0, count));
    }
    expect(read).toEqual(["cde", "f", "ghi", "jk"]);
    expect(await bytes.read(memory)).toBe(0);
  });

  test.skipIf(process.platform !== "linux")("close their files once, read or not", async () => {
    for (const readBytes of [0, 1, 4, 5]) {
      const own = files();
      let closed = 0;
      const bytes = new StoredBytes(own, () => {
        closed += 1;
      });
      for (let at = 0; at < readBytes; at += 1) await bytes.read(Buffer.alloc(1));
      await bytes.close();
      await bytes.close();
      expect(closed).toBe(1);
      expect(await isOpen(own[0]?.file)).toBe(false);
    }
  });

  test("are closed when an iteration ends, also early", async () => {
    const closed: string[] = [];
    const all = new StoredBytes(files(), () => closed.push("all"));
    expect(Buffer.concat(await Readable.from(all).toArray()).toString()).toBe("cdefghijk");
    const some = new StoredBytes(files(), () => closed.push("some"));
    for await (const piece of some) {
      expect(piece.toString()).toBe("cdef");
      break;
    }
    expect(closed).toEqual(["all", "some"]);
  });

  test("fail if a file is shorter than its record says", async () => {
    const bytes = new StoredBytes([{ file: path("one"), offsetBytes: 4, lengthBytes: 3 }]);
    expect(await bytes.read(Buffer.alloc(10))).toBe(2);
    await expect(bytes.read(Buffer.alloc(10))).rejects.toThrow(
      "the file of an object ends 1 bytes too early",
    );
    await bytes.close();
  });
});
