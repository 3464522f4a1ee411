import { describe, expect, test } from "vitest";
import {
  type AnswerFault,
  documentOf,
  errorPage,
  type FakeProcess,
  FakeWorld,
  imageOf,
} from "../src/testing/index.js";

const OLD = imageOf(1, 5_000);
const HOUR_MS = 3_600_000;

function worldWith(image: Uint8Array, fault?: AnswerFault) {
  const world = new FakeWorld({ old: OLD, new: image }, { slotSizeBytes: 2 * 1024 * 1024 });
  if (fault !== undefined) world.server.fault = fault;
  const execution = world.cloud.addJob("job-1", documentOf(image, 1));
  return { world, execution };
}

const callsOf = ({ power }: FakeProcess, name: string) => power.trace.filter((call) => call === name).length;

describe("flash is not worn out", () => {
  test.each([
    ["one byte later", 1],
    ["1 % later", 4],
    ["a tenth later", 40],
  ])("a server that ignores Range and cuts each answer %s", async (_what, stepBytes) => {
    const image = imageOf(2, 400);
    const { world, execution } = worldWith(image, (_get, count) => ({
      status: 200,
      headers: {},
      body: image,
      cutAfterBytes: count * stepBytes,
    }));
    const device = world.boot();
    await device.handle({ force: true });
    expect(execution).toMatchObject({ status: "FAILED", statusDetails: { reason: "download-failed" } });
    expect(callsOf(device, "slots.erase")).toBeLessThanOrEqual(5);
    expect(world.server.gets.length).toBeLessThanOrEqual(10);
  });

  test("an object that is another one at each second request", async () => {
    const image = imageOf(2, 20_000);
    const { world, execution } = worldWith(image, ({ headers }, count) =>
      headers["range"] === undefined ? { cutAfterBytes: count * 1_000 } : { status: 412, headers: {} },
    );
    const device = world.boot();
    await device.handle({ force: true });
    expect(execution.status).toBe("FAILED");
    expect(callsOf(device, "slots.erase")).toBeLessThanOrEqual(5);
  });

  test("the bound counts for the job execution, over restarts of the device", async () => {
    const image = imageOf(2, 400);
    const { world, execution } = worldWith(image);
    let erases = 0;
    for (let boot = 0; boot < 30 && execution.status !== "FAILED"; boot += 1) {
      const device = world.boot();
      let answers = 0;
      world.server.fault = () => {
        answers += 1;
        if (answers === 3) device.power.cut();
        return { status: 200, headers: {}, body: image, cutAfterBytes: 10 };
      };
      await device.handle({ force: true });
      erases += callsOf(device, "slots.erase");
    }
    expect(execution).toMatchObject({ status: "FAILED", statusDetails: { reason: "download-failed" } });
    expect(erases).toBeLessThanOrEqual(5);
  });

  test("a device that restarts before each journal fetches a few times the image at most", async () => {
    const image = imageOf(2, 60_000);
    const { world, execution } = worldWith(image);
    const download = { journalBytes: 20_000, journalIntervalMs: 0, bufferBytes: 1_000 };
    let fetchedBytes = 0;
    let boots = 0;
    for (; boots < 100 && execution.status !== "FAILED"; boots += 1) {
      let inThisBoot = 0;
      const device = world.boot({
        download,
        onProgress: ({ bytes }) => {
          if (bytes === undefined) return;
          inThisBoot += 1_000;
          fetchedBytes += 1_000;
          if (boots > 0 ? inThisBoot >= 15_000 : inThisBoot >= 30_000) device.power.cut();
        },
      });
      await device.handle({ force: true });
    }
    expect(execution.status).toBe("FAILED");
    expect(fetchedBytes).toBeLessThanOrEqual(5 * image.length);
  });

  test("one byte of progress for each answer does not keep the download alive", async () => {
    const image = imageOf(2, 60_000);
    const { world, execution } = worldWith(image, () => ({ cutAfterBytes: 1 }));
    await world.boot().handle({ force: true });
    expect(execution.statusDetails["reason"]).toBe("download-failed");
    expect(world.server.gets.length).toBeLessThanOrEqual(8);
  });

  test("an honest server behind a poor link still gets through: 1 % between two cuts is progress", async () => {
    const image = imageOf(2, 60_000);
    const { world, execution } = worldWith(image, () => ({ cutAfterBytes: 700 }));
    expect(await world.boot().handle({ force: true })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });
});

describe("nothing is erased before the image comes", () => {
  const image = imageOf(2, 20_000);
  const body = errorPage("AccessDenied");

  test.each<[string, AnswerFault]>([
    ["no answer", () => "no-answer"],
    ["403", () => ({ status: 403, headers: {}, body })],
    ["404", () => ({ status: 404, headers: {}, body })],
    ["503", () => ({ status: 503, headers: {}, body })],
    ["a redirect", () => ({ status: 302, headers: { location: "http://127.0.0.1/factory-reset" }, body })],
    ["an object of another size", () => ({ headers: { "content-length": "5" } })],
    [
      "a part that was not asked for",
      () => ({ status: 206, headers: { "content-range": "bytes 9-99/20000" } }),
    ],
    ["200 and then not a byte", () => ({ cutAfterBytes: 0 })],
    ["200 and an empty body", () => ({ headers: {}, body: new Uint8Array(0) })],
    ["200 and a stall", () => ({ body: new Uint8Array(0), stall: true })],
  ])("%s: the slot is as it was", async (_what, fault) => {
    const { world, execution } = worldWith(image, fault);
    const before = imageOf(7, 3_000);
    const first = world.boot();
    await first.device.slots.write(1, 0, before);
    await first.device.slots.sync(1);
    const device = world.boot();
    await device.handle({ force: true });
    expect(execution.status).toBe("FAILED");
    expect(device.power.trace).not.toContain("slots.erase");
    expect(world.flash.slotBytes(1)).toEqual(before);
  });
});

describe("a slow server", () => {
  /** Makes the server send `bytes` bytes every `everyMs` milliseconds. */
  function drip(world: FakeWorld, everyMs: number, bytes: number) {
    const { boot } = world;
    world.boot = (options = {}) => {
      const made = boot.call(world, { ...options });
      const { get } = made.device.http;
      made.device.http.get = async (url, headers, timeoutMs) => {
        const response = await get(url, headers, timeoutMs);
        const pieces = response.body;
        async function* slow() {
          for await (const piece of pieces) {
            for (let at = 0; at < piece.length; at += bytes) {
              await world.clock.sleep(everyMs);
              yield piece.subarray(at, at + bytes);
            }
          }
        }
        return { ...response, body: slow() };
      };
      return made;
    };
  }

  test.each([
    ["one byte in each stall timeout", 29_000, 1],
    ["one byte a second", 1_000, 1],
    ["bursts", 25_000, 1_000],
  ])("%s: the download fails within hours, and says why", async (_what, everyMs, bytes) => {
    const { world, execution } = worldWith(imageOf(2, 1024 * 1024));
    drip(world, everyMs, bytes);
    await world.boot().handle({ force: true });
    expect(execution).toMatchObject({
      status: "FAILED",
      statusDetails: { reason: "download-failed", detail: expect.stringContaining("bytes per second") },
    });
    expect(world.clock.monotonicMs()).toBeLessThan(2 * HOUR_MS);
  });

  test("a cancel is heard when a window was too slow, with the connection closed for the download", async () => {
    const { world, execution } = worldWith(imageOf(2, 1024 * 1024));
    drip(world, 29_000, 1);
    world.clock.after(60_000, () => world.cloud.cancel(execution));
    await world.boot().handle({ force: true });
    expect(world.server.gets.length).toBe(1);
    expect(world.clock.monotonicMs()).toBeLessThan(HOUR_MS / 10);
    expect(world.flash.state).toContain('"idle"');
  });

  test("slow at times and fast at others: bounded by the lowest rate over the whole image", async () => {
    const image = imageOf(2, 1024 * 1024);
    const { world, execution } = worldWith(image);
    drip(world, 29_000, 10);
    const { boot } = world;
    world.boot = (options = {}) => {
      const made = boot.call(world, options);
      const { get } = made.device.http;
      let count = 0;
      made.device.http.get = async (url, headers, timeoutMs) => {
        count += 1;
        if (count % 6 !== 0) return await get(url, headers, timeoutMs);
        const start = Number(/\d+/.exec(headers["range"] ?? "0")?.[0]);
        async function* fast() {
          yield image.subarray(start, start + 12_000);
          throw new Error("cut");
        }
        const contentRange = `bytes ${start}-${image.length - 1}/${image.length}`;
        return { status: 206, headers: { "content-range": contentRange }, body: fast() };
      };
      return made;
    };
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("FAILED");
    expect(world.clock.monotonicMs()).toBeLessThan(3 * HOUR_MS);
  });

  test("a link of 300 bytes per second is slow, and gets through", async () => {
    const { world, execution } = worldWith(imageOf(2, 500_000));
    drip(world, 1_000, 300);
    expect(await world.boot().handle({ force: true })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });
});

describe("http to a loopback address", () => {
  const image = imageOf(2, 20_000);
  const urls = [
    "http://127.0.0.1/factory-reset",
    "http://localhost:8080/",
    "http://[::1]/",
    "http://127.9.9.9/x",
  ];

  test.each(urls)("%s is refused, and nothing of the device is asked or touched", async (url) => {
    const world = new FakeWorld({ old: OLD, new: image });
    const execution = world.cloud.addJob("job-1", documentOf(image, 1, { bc_url: url }));
    const device = world.boot();
    await device.handle({ force: true });
    expect(execution).toMatchObject({
      status: "FAILED",
      statusDetails: { reason: "host-refused", phase: "starting" },
    });
    expect(world.server.gets).toEqual([]);
    expect(device.power.trace).not.toContain("slots.erase");
    expect(await world.clock.run(device.fota.update(documentOf(image, 1, { bc_url: url })))).toBe(false);
  });

  test("a fresh URL that leads there is refused as well", async () => {
    const { world, execution } = worldWith(image, () => ({ status: 403, headers: {} }));
    let asked = 0;
    world.cloud.fillIn = (document) => {
      asked += 1;
      return asked === 1 ? document : { ...(document as object), bc_url: "http://127.0.0.1/factory-reset" };
    };
    await world.boot().handle({ force: true });
    expect(execution.statusDetails["reason"]).toBe("host-refused");
    expect(world.server.gets.map(({ url }) => url)).toEqual(["https://bucket.example/image"]);
  });

  test("so is one in the saved state, from before an update of the agent", async () => {
    const { world, execution } = worldWith(image);
    execution.status = "IN_PROGRESS";
    const url = "http://127.0.0.1/factory-reset";
    execution.document = documentOf(image, 1, { bc_url: url });
    const { bc_crc: md5, bc_size: sizeBytes } = documentOf(image, 1);
    const about = { execution: { jobId: "job-1", executionNumber: 1, versionNumber: 1 } };
    const order = { slot: 1, sizeBytes, md5, url };
    const state = { phase: "downloading", ...about, order, journal: { offsetBytes: 0 } };
    world.flash.state = JSON.stringify({ version: 1, state });
    await world.boot().handle({ force: true });
    expect(execution.statusDetails["reason"]).toBe("host-refused");
    expect(world.server.gets).toEqual([]);
  });

  test("with the option it is fetched", async () => {
    const world = new FakeWorld({ old: OLD, new: image });
    const execution = world.cloud.addJob("job-1", documentOf(image, 1, { bc_url: urls[0] }));
    const options = { allowLoopbackHttp: true };
    for (let boot = 0; boot < 2; boot += 1) await world.boot(options).handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });
});

describe("what a server says", () => {
  const SECRET = "s3cr3t-answer";

  test.each<[string, AnswerFault]>([
    ["a page", () => ({ status: 404, headers: {}, body: errorPage("NoSuchKey", SECRET) })],
    ["a code", () => ({ status: 403, headers: {}, body: errorPage(SECRET) })],
    ["a header", () => ({ status: 206, headers: { "content-range": SECRET, etag: SECRET } })],
    ["a length", () => ({ headers: { "content-length": SECRET }, cutAfterBytes: 0 })],
    ["a redirect", () => ({ status: 301, headers: { location: SECRET }, body: errorPage(SECRET) })],
    ["a body that is too long", () => ({ headers: {}, body: new Uint8Array(30_000).fill(65) })],
  ])("of %s nothing reaches a report or the log as it is", async (_what, fault) => {
    const { world, execution } = worldWith(imageOf(2, 20_000), fault);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("FAILED");
    expect(JSON.stringify([world.cloud.published, world.logged])).not.toContain(SECRET);
  });
});

describe("a cancel, with the connection closed for the download", () => {
  test("is looked for between two attempts", async () => {
    const { world, execution } = worldWith(imageOf(2, 20_000), () => {
      if (execution.status === "IN_PROGRESS") world.cloud.cancel(execution);
      return { cutAfterBytes: 3_000 };
    });
    const device = world.boot();
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(world.server.gets.length).toBe(1);
    expect(world.flash.state).toContain('"idle"');
    expect(execution.status).toBe("CANCELED");
  });

  test("is heard when a stalled attempt is given up", async () => {
    const { world, execution } = worldWith(imageOf(2, 20_000), () => {
      world.clock.after(10_000, () => world.cloud.cancel(execution));
      return { body: new Uint8Array(0), stall: true };
    });
    await world.boot().handle({ force: true });
    expect(world.server.gets.length).toBe(1);
    expect(world.clock.monotonicMs()).toBeLessThan(60_000);
  });

  test("the connection is closed again after each question, and one without an answer costs nothing", async () => {
    const connected: boolean[] = [];
    const { world, execution } = worldWith(imageOf(2, 20_000), (_get, count) => {
      connected.push(world.cloud.isConnected);
      world.cloud.reachable = count >= 3;
      return count < 5 ? "no-answer" : undefined;
    });
    expect(await world.boot().handle({ force: true })).toBe("power-cut");
    expect(connected).toEqual([false, false, false, false, false]);
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a fresh URL that comes with the answer is used", async () => {
    const { world } = worldWith(imageOf(2, 20_000), (_get, count) =>
      count < 3 ? { status: 503 } : undefined,
    );
    let asked = 0;
    world.cloud.fillIn = (document) => ({
      ...(document as object),
      bc_url: `https://bucket.example/image?asked=${++asked}`,
    });
    await world.boot().handle({ force: true });
    expect(world.server.gets.map(({ url }) => url.slice(-1))).toEqual(["1", "2", "3"]);
  });
});
