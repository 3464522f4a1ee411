import { expect, test } from "vitest";
import { imageOf } from "../testing/index.js";
import { SlotWriter } from "./slot-writer.js";

/** A storage that a test lets go on: what was given to it, and how to end the store under way. */
function storage() {
  const stored: Uint8Array[] = [];
  const offsets: number[] = [];
  const waiting: { end: () => void; fail: (error: Error) => void }[] = [];
  const store = (offsetBytes: number, bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const end = () => {
        offsets.push(offsetBytes);
        stored.push(bytes.slice()); // as it is at the end of the store
        resolve();
      };
      waiting.push({ end, fail: reject });
    });
  return { store, stored, offsets, waiting };
}

async function isPending(work: Promise<void>): Promise<boolean> {
  const first = await Promise.race([work.then(() => "done"), new Promise((r) => setImmediate(r, "pending"))]);
  return first === "pending";
}

test("one buffer fills while the other is stored, and a third waits", async () => {
  const { store, waiting } = storage();
  const writer = new SlotWriter(store, 0, 100);
  expect(await isPending(writer.write(imageOf(1, 199)))).toBe(false);
  expect(waiting.length).toBe(1);
  const third = writer.write(imageOf(1, 1));
  expect(await isPending(third)).toBe(true);
  expect(waiting.length).toBe(1); // never two stores at once
  waiting[0]?.end();
  await third;
  expect(waiting.length).toBe(2);
});

test("bytes reach storage in order and unmixed, however they come", async () => {
  const { store, stored, offsets, waiting } = storage();
  const writer = new SlotWriter(store, 1_000, 64);
  const image = imageOf(3, 300);
  const work = (async () => {
    for (let at = 0; at < image.length; at += 23) await writer.write(image.subarray(at, at + 23));
    await writer.flush();
  })();
  while (await isPending(work)) waiting.shift()?.end();
  expect(Uint8Array.from(stored.flatMap((bytes) => [...bytes]))).toEqual(image);
  expect(offsets).toEqual([1_000, 1_064, 1_128, 1_192, 1_256]);
  expect(writer.receivedBytes).toBe(1_300);
});

test("the next call that waits throws the error of a failed store, once", async () => {
  const { store, waiting } = storage();
  const writer = new SlotWriter(store, 0, 10);
  await writer.write(imageOf(1, 10));
  waiting[0]?.fail(new Error("no space left"));
  await expect(writer.write(imageOf(1, 10))).rejects.toThrow("no space left");
  await writer.waitForStore();
});

test("borrowed buffers come back once, and not before the store in progress has ended", async () => {
  const { store, waiting } = storage();
  const lent: Uint8Array[] = [];
  const back: Uint8Array[] = [];
  const buffers = {
    take(sizeBytes: number) {
      const buffer = new Uint8Array(sizeBytes);
      lent.push(buffer);
      return buffer;
    },
    giveBack: (buffer: Uint8Array) => void back.push(buffer),
  };
  const writer = new SlotWriter(store, 0, 10, buffers);
  await writer.write(imageOf(1, 15));
  const closing = writer.close();
  expect(await isPending(closing)).toBe(true);
  expect(back).toEqual([]);
  waiting[0]?.fail(new Error("disk full")); // its error is no news after the download
  await closing;
  expect(new Set(back)).toEqual(new Set(lent));
  expect(back.length).toBe(2);
});
