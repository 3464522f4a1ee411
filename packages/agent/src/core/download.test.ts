import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { errorPage, FakeFlash, FakeServer, imageOf, ManualClock, Power } from "../testing/index.js";
import { downloadImage } from "./download.js";
import type { DownloadRequest, FreshUrl } from "./download-request.js";
import { DOWNLOAD_TUNING } from "./download-tuning.js";
import { Interruption } from "./interruption.js";
import type { Journal } from "./update-state.js";

const IMAGE = imageOf(2, 10_500);
const TUNING = {
  ...DOWNLOAD_TUNING,
  journalBytes: 2_000,
  journalIntervalMs: 0,
  bufferBytes: 1_000,
  attempts: 4,
};

function setUp(image = IMAGE, readsBack = false) {
  const flash = new FakeFlash(imageOf(1, 500), { readsBack });
  flash.boot();
  const power = new Power();
  const server = new FakeServer(image);
  const clock = new ManualClock();
  const journals: Journal[] = [];
  const log = () => {};
  const random = { next: () => 0.5, token: () => "token" };
  const slots = flash.slots(power);
  const start = (more: Partial<DownloadRequest> = {}) =>
    clock.run(
      downloadImage(
        { slots, http: server.http(power), clock, random, log },
        {
          target: {
            slot: 1,
            sizeBytes: IMAGE.length,
            md5: "0".repeat(32),
            url: "https://bucket.example/image",
          },
          journal: { offsetBytes: 0 },
          tuning: TUNING,
          urlRules: {},
          holdsOther: false,
          saveJournal: async (journal) => void journals.push(journal),
          freshUrl: async (): Promise<FreshUrl> => ({ kind: "url", url: "https://bucket.example/fresh" }),
          onProgress: () => {},
          interruption: new Interruption(),
          ...more,
        },
      ),
    );
  return { flash, server, clock, journals, power, slots, start };
}

const reasonOf = (result: object) =>
  "failure" in result ? (result.failure as { reason: string }).reason : result;

describe("resume", () => {
  test("after a cut: from the byte reached, of the same object", async () => {
    const { flash, server, start } = setUp();
    server.fault = (_get, count) => (count === 1 ? { cutAfterBytes: 4_300 } : undefined);
    expect(await start()).toEqual({ kind: "downloaded" });
    expect(server.gets.map(({ headers }) => headers)).toEqual([
      { "accept-encoding": "identity" },
      { "accept-encoding": "identity", range: "bytes=4300-", "if-match": server.etag },
    ]);
    expect(flash.slotBytes(1)).toEqual(IMAGE);
  });

  test("the journal names only synced bytes, at most one journal step apart", async () => {
    const { journals, power, start } = setUp();
    await start();
    expect(journals.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000]);
    expect(journals.every(({ etag }) => etag === '"0123456789abcdef"')).toBe(true);
    expect(power.trace.filter((name) => name === "slots.sync").length).toBe(7); // one before the look at what the slot holds
  });

  test("a fast link saves the journal at most once per interval, a slow one after each journal step", async () => {
    const { journals, clock, slots, start } = setUp();
    const tuning = { ...TUNING, journalIntervalMs: 1_000 };
    const { write } = slots;
    let writeMs = 300;
    slots.write = async (...args) => {
      await clock.sleep(writeMs);
      await write(...args);
    };
    await start({ tuning });
    expect(journals.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 4_000, 8_000]);
    writeMs = 2_000;
    await start({ tuning });
    expect(journals.slice(3).map(({ offsetBytes }) => offsetBytes)).toEqual([
      0, 2_000, 4_000, 6_000, 8_000, 10_000,
    ]);
  });

  test("after a power cut: from the journal, without erasing", async () => {
    const { flash, server, power, slots, start } = setUp();
    await slots.write(1, 0, IMAGE.subarray(0, 4_000));
    expect(await start({ journal: { offsetBytes: 4_000, etag: server.etag } })).toEqual({
      kind: "downloaded",
    });
    expect(server.starts).toEqual([4_000]);
    expect(power.trace).not.toContain("slots.erase");
    expect(flash.slotBytes(1)).toEqual(IMAGE);
  });

  test("a server that ignores Range: from zero, with the journal first", async () => {
    const { flash, server, journals, start } = setUp();
    server.fault = () => ({ status: 200, headers: {}, body: IMAGE });
    await start({ journal: { offsetBytes: 4_000 } });
    expect(journals[0]).toEqual({ offsetBytes: 0, erases: 1, fetchedBytes: 6_000 });
    expect(flash.slotBytes(1)).toEqual(IMAGE);
  });

  test("a server that ignores Range and always cuts at the same byte does not loop", async () => {
    const { server, start } = setUp();
    server.fault = () => ({ status: 200, headers: {}, body: IMAGE, cutAfterBytes: 3_000 });
    expect(reasonOf(await start())).toBe("download-failed");
    expect(server.gets.length).toBe(4);
  });

  test.each([412, 416])("%i: the object changed; from zero once", async (status) => {
    const { flash, server, start } = setUp();
    server.fault = (_get, count) => (count === 1 ? { status, headers: {} } : undefined);
    expect(await start({ journal: { offsetBytes: 4_000, etag: '"old"' } })).toEqual({ kind: "downloaded" });
    expect(server.starts).toEqual([4_000, 0]);
    expect(flash.slotBytes(1)).toEqual(IMAGE);
  });

  test("an object that keeps changing is image-changed", async () => {
    const { server, start } = setUp();
    server.fault = () => ({ status: 412, headers: {} });
    expect(reasonOf(await start({ journal: { offsetBytes: 4_000 } }))).toBe("image-changed");
  });

  test("a weak ETag is not sent back: If-Match would never match it", async () => {
    const { server, start } = setUp();
    const headers = { etag: 'W/"x"', "content-length": `${IMAGE.length}` };
    server.fault = (_get, count) => (count === 1 ? { headers, cutAfterBytes: 2_500 } : undefined);
    await start();
    expect(server.gets[1]?.headers["if-match"]).toBeUndefined();
  });
});

describe("B-2, B-3: what may be written", () => {
  test("a body longer than the image, of unknown length, stops before its first byte too many", async () => {
    const { flash, server, start } = setUp(imageOf(2, 20_000));
    server.fault = () => ({ headers: {} });
    const result = await start();
    expect(result).toMatchObject({
      kind: "failed",
      failure: { reason: "size-mismatch", expected: "10500", actual: "more than 10500" },
    });
    expect(flash.slotBytes(1).length).toBeLessThanOrEqual(IMAGE.length);
  });

  test.each([
    ["a longer", 20_000],
    ["a shorter", 9_000],
  ])("%s Content-Length: nothing is written", async (_what, sizeBytes) => {
    const { server, power, start } = setUp(imageOf(2, sizeBytes));
    expect(await start()).toMatchObject({ failure: { reason: "size-mismatch", actual: `${sizeBytes}` } });
    expect(server.gets.length).toBe(1);
    expect(power.trace).not.toContain("slots.write");
  });

  test("a part of another size or place is not appended", async () => {
    const { server, power, start } = setUp();
    server.fault = () => ({ status: 206, headers: { "content-range": "bytes 0-99/20000" } });
    expect(reasonOf(await start())).toBe("size-mismatch");
    server.fault = () => ({ status: 206, headers: { "content-range": "bytes 7-99/10500" } });
    expect(reasonOf(await start())).toBe("download-failed");
    expect(power.trace).not.toContain("slots.write");
  });

  test.each([
    [404, "image-gone"],
    [301, "download-failed"],
    [405, "download-failed"],
  ])("%i is %s, at once", async (status, reason) => {
    const { server, start } = setUp();
    server.fault = () => ({ status, headers: {}, body: errorPage("NoSuchKey", "any text") });
    expect(await start()).toMatchObject({
      failure: {
        reason,
        detail: `the image server answered ${status} NoSuchKey`,
        bytes: 0,
        totalBytes: 10_500,
      },
    });
    expect(server.gets.length).toBe(1);
  });
});

describe("a slot that is read back behind the writes", () => {
  const found = {
    md5: createHash("md5").update(IMAGE).digest("hex"),
    sha256: createHash("sha256").update(IMAGE).digest("hex"),
  };

  test("its digests come with the end, after the last sync, and it is stopped before the slot is closed", async () => {
    const { power, start } = setUp(IMAGE, true);
    expect(await start()).toEqual({ kind: "downloaded", found });
    expect(power.trace.slice(-4)).toEqual(["slots.sync", "readBack.digests", "readBack.stop", "slots.close"]);
  });

  test("after a power cut the bytes of before are read too", async () => {
    const { slots, start } = setUp(IMAGE, true);
    await slots.write(1, 0, IMAGE.subarray(0, 4_000));
    expect(await start({ journal: { offsetBytes: 4_000 } })).toEqual({ kind: "downloaded", found });
  });

  test("from zero again when the object changed", async () => {
    const { server, slots, start } = setUp(IMAGE, true);
    await slots.write(1, 0, imageOf(9, 4_000));
    server.fault = (_get, count) => (count === 1 ? { status: 412, headers: {} } : undefined);
    expect(await start({ journal: { offsetBytes: 4_000 } })).toEqual({ kind: "downloaded", found });
  });

  test("it is what the slot holds, not what was received", async () => {
    const { slots, start } = setUp(IMAGE, true);
    const { write } = slots;
    slots.write = async (slot, at, bytes) =>
      await write(slot, at, at === 3_000 ? bytes.map((b) => b ^ 1) : bytes);
    expect(await start()).toMatchObject({ found: { md5: expect.not.stringMatching(found.md5) } });
  });

  test.each(["begin", "digests", "stop"])("trouble with its %s fails no download", async (step) => {
    const { slots, start } = setUp(IMAGE, true);
    const refuse = () => {
      throw new Error("no thread left");
    };
    const readBack = slots.readBack?.(1, IMAGE.length);
    if (readBack === undefined) throw new Error("the fake reads back");
    const refuseLater = async () => refuse();
    slots.readBack = () => (step === "begin" ? refuse() : { ...readBack, [step]: refuseLater });
    expect(await start()).toEqual(step === "stop" ? { kind: "downloaded", found } : { kind: "downloaded" });
  });

  test("stopped when the download fails", async () => {
    const { server, power, start } = setUp(IMAGE, true);
    server.fault = (_get, count) => (count > 1 ? { status: 404, headers: {} } : { cutAfterBytes: 3_000 });
    expect(reasonOf(await start())).toBe("image-gone");
    expect(power.trace.slice(-2)).toEqual(["readBack.stop", "slots.close"]);
  });
});

const TARGET = {
  slot: 1,
  url: "https://bucket.example/image",
  sizeBytes: IMAGE.length,
  md5: createHash("md5").update(IMAGE).digest("hex"),
  sha256: createHash("sha256").update(IMAGE).digest("hex"),
};

describe("slots that compute SHA-256 alone", () => {
  async function startOver(before: Uint8Array) {
    const made = setUp(IMAGE);
    const { slots, start } = made;
    await slots.write(1, 0, before);
    const { digest } = slots;
    const calls: string[] = [];
    slots.digest = async (slot, sizeBytes) => {
      calls.push("digest");
      return await digest(slot, sizeBytes);
    };
    slots.sha256 = async (slot, sizeBytes) => {
      calls.push("sha256");
      return (await digest(slot, sizeBytes)).sha256;
    };
    return { ...made, calls, result: await start({ target: TARGET }) };
  }

  test("another image in the slot is told by that", async () => {
    const { calls, result, server } = await startOver(imageOf(9, IMAGE.length));
    expect(calls).toEqual(["sha256"]);
    expect(result).toEqual({ kind: "downloaded" });
    expect(server.gets.length).toBe(1);
  });

  test("the image itself is compared by both digests", async () => {
    const { calls, result, server } = await startOver(IMAGE);
    expect(calls.slice(0, 2)).toEqual(["sha256", "digest"]);
    expect(result).toEqual({ kind: "downloaded", found: { md5: TARGET.md5, sha256: TARGET.sha256 } });
    expect(server.gets).toEqual([]);
  });
});

describe("slots that know where their image ends", () => {
  async function readsBefore(heldBytes: number) {
    const { slots, start, server } = setUp(IMAGE);
    await slots.write(1, 0, IMAGE);
    const { digest } = slots;
    const read: number[] = [];
    let asked = 0;
    slots.heldBytes = async () => {
      asked += 1;
      return heldBytes;
    };
    slots.sha256 = async (slot, sizeBytes) => (await digest(slot, sizeBytes)).sha256;
    slots.digest = async (slot, sizeBytes) => {
      if (server.gets.length === 0) read.push(sizeBytes);
      return await digest(slot, sizeBytes);
    };
    return { result: await start({ target: TARGET }), read, asked };
  }

  test("the whole image is read once before the download, and its end is asked for once", async () => {
    const { result, read, asked } = await readsBefore(IMAGE.length);
    expect(result).toMatchObject({ kind: "downloaded", found: {} });
    expect(read).toEqual([IMAGE.length]);
    expect(asked).toBe(1);
  });

  test.each([-1, 1])("an image that is longer by %i is not read", async (moreBytes) => {
    const { result, read } = await readsBefore(IMAGE.length + moreBytes);
    expect(result).toEqual({ kind: "downloaded" });
    expect(read).toEqual([]);
  });
});

describe("hosts", () => {
  test("a host that is not allowed: nothing is asked, erased or written", async () => {
    const { server, power, start } = setUp();
    const failure = {
      reason: "host-refused",
      detail: "this device does not download images from bucket.example",
    };
    expect(await start({ urlRules: { allowedHosts: ["other.example"] } })).toMatchObject({ failure });
    expect(server.gets).toEqual([]);
    expect(power.trace).toEqual(["slots.close"]);
  });

  test("a fresh URL of another host is not followed", async () => {
    const { server, start } = setUp();
    server.fault = () => ({ status: 403, headers: {} });
    const freshUrl = async () => ({ kind: "url" as const, url: "https://evil.example/image" });
    expect(reasonOf(await start({ urlRules: { allowedHosts: ["bucket.example"] }, freshUrl }))).toBe(
      "host-refused",
    );
    expect(server.gets.length).toBe(1);
  });
});

describe("bounded patience", () => {
  test("B-14: attempts that bring nothing are counted, and progress starts the count anew", async () => {
    const { server, start } = setUp();
    server.fault = (_get, count) =>
      count % 3 === 0 ? { cutAfterBytes: 1_000 } : { status: 503, headers: {} };
    expect(await start()).toEqual({ kind: "downloaded" });
    server.fault = () => "no-answer";
    expect(reasonOf(await start())).toBe("download-failed");
  });

  test("waits grow, with full jitter", async () => {
    const { server, clock, start } = setUp();
    server.fault = () => "no-answer";
    await start();
    expect(clock.monotonicMs()).toBe(500 + 1_000 + 2_000);
  });

  test("a stall ends the attempt, and the download goes on elsewhere", async () => {
    const { server, clock, start } = setUp();
    server.fault = (_get, count) =>
      count === 1 ? { body: IMAGE.subarray(0, 3_000), stall: true } : undefined;
    expect(await start()).toEqual({ kind: "downloaded" });
    expect(clock.monotonicMs()).toBe(30_500);
    expect(server.starts).toEqual([0, 3_000]);
  });

  test("a job that is gone stops it; a service that does not answer interrupts it", async () => {
    const { server, start } = setUp();
    const interruption = new Interruption();
    const onProgress = () => interruption.interrupt("job-gone");
    expect(await start({ interruption, onProgress })).toEqual({ kind: "job-gone" });
    server.fault = () => ({ status: 403, headers: {} });
    expect(await start({ freshUrl: async () => ({ kind: "job-gone" }) })).toEqual({ kind: "job-gone" });
    expect(await start({ freshUrl: async () => ({ kind: "unanswered" }) })).toEqual({ kind: "interrupted" });
  });

  test("stopped, it makes durable what came, and the next start fetches no byte of it again", async () => {
    const { flash, server, journals, start } = setUp();
    const interruption = new Interruption();
    const onProgress = (bytes: number) => void (bytes >= 3_000 && interruption.interrupt("stopped"));
    expect(await start({ interruption, onProgress })).toEqual({ kind: "interrupted" });
    expect(journals.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 2_000, 3_000]);
    await start({ journal: journals.at(-1) as Journal });
    expect(server.starts).toEqual([0, 3_000]);
    expect(flash.slotBytes(1)).toEqual(IMAGE);
  });

  test("stopped while it waits for the next attempt, it ends at once and leaves no timer", async () => {
    const { server, clock, start } = setUp();
    const interruption = new Interruption();
    server.fault = () => "no-answer";
    const work = start({ interruption });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    interruption.interrupt("stopped");
    expect(await work).toEqual({ kind: "interrupted" });
    expect(clock.pending).toBe(0);
    expect(server.gets.length).toBe(1);
  });

  test("a slot that cannot be written is slot-failed, with its message", async () => {
    const { slots, start } = setUp();
    slots.write = async () => {
      throw new Error("no space left");
    };
    expect(await start()).toMatchObject({ failure: { reason: "slot-failed", detail: "no space left" } });
  });

  test("a journal that cannot be saved stops everything", async () => {
    const { start } = setUp();
    const saveJournal = async () => {
      throw new Error("disk full");
    };
    await expect(start({ saveJournal })).rejects.toThrow("disk full");
  });
});

test("memory: small pieces become few writes of one buffer", async () => {
  const { server, power, start } = setUp();
  server.pieceBytes = 10;
  await start();
  expect(power.trace.filter((name) => name === "slots.write").length).toBe(11);
});
