import { isTerminal } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { Interruption } from "../src/core/interruption.js";
import { createDelta } from "../src/delta.js";
import type { FotaOptions, HandleFotaJobsOptions } from "../src/index.js";
import {
  type AnswerFault,
  documentOf,
  errorPage,
  type FakeBootOptions,
  FakeWorld,
} from "../src/testing/index.js";
import { PATCH_URL, patchDownload } from "./patch-download.js";
import { entryOf, firmwareOf, makePatch, nextOf, sha256Of } from "./patches.js";

const OLD = firmwareOf(1, 30_000);
const NEW = nextOf(OLD, 40_000);
const PATCH = await makePatch(OLD, NEW);
const COMPRESSED = await makePatch(undefined, NEW);
const COMPRESSED_URL = "https://bucket.example/compressed";
const ENTRIES = [entryOf(OLD, PATCH, PATCH_URL), entryOf(undefined, COMPRESSED, COMPRESSED_URL)];
const TUNING = { journalBytes: 8_000, journalIntervalMs: 0, bufferBytes: 2_000, attempts: 3 };

interface Setup extends FakeBootOptions {
  fault?: AnswerFault;
  patch?: Uint8Array;
  entries?: object[];
  old?: Uint8Array;
  /** The slots have no `read`. */
  unreadable?: true;
}

/** A device with `OLD`, and a job with `NEW` and its patches. */
function setUp({ fault, patch = PATCH, entries = ENTRIES, old = OLD, unreadable, ...more }: Setup = {}) {
  const world = new FakeWorld({ old, new: NEW });
  world.server.others.set(PATCH_URL, patch);
  world.server.others.set(COMPRESSED_URL, COMPRESSED);
  if (fault !== undefined) world.server.fault = fault;
  const execution = world.cloud.addJob(
    "job-1",
    documentOf(NEW, 1, entries.length > 0 ? { bc_delta: entries } : {}),
  );
  const paths = () => world.server.gets.map(({ url }) => url.slice("https://bucket.example/".length));
  /** Boots until the job has ended. */
  async function run(options: FotaOptions = {}, handleOptions: HandleFotaJobsOptions = {}) {
    for (let boot = 0; boot < 6 && !isTerminal(execution.status); boot += 1) {
      const device = world.boot({
        download: TUNING,
        overrides: { delta: createDelta() },
        ...more,
        ...options,
      });
      if (unreadable) delete device.device.slots.read;
      await device.handle({ force: true, ...handleOptions });
    }
    expect(Buffer.compare(world.flash.slotBytes(0), old), "the running slot is only read").toBe(0);
    return execution;
  }
  return { world, execution, run, paths };
}

const succeeded = (via: string, fetchedBytes: number) => ({
  status: "SUCCEEDED",
  statusDetails: { via, fetchedBytes: `${fetchedBytes}` },
});

test("the image is made from the patch and the running slot", async () => {
  const { world, run, paths } = setUp();
  expect(await run()).toMatchObject(succeeded("patch", PATCH.length));
  expect(paths()).toEqual(["patch"]);
  expect(world.server.sentBytes).toBe(PATCH.length);
  expect(PATCH.length).toBeLessThan(NEW.length / 5);
  expect(world.flash.slotBytes(1)).toEqual(NEW);
});

test("old images of the same size are told apart by one reading of the slot", async () => {
  const entries = [6, 7, 8].map((seed) => entryOf(firmwareOf(seed, OLD.length), PATCH, PATCH_URL));
  const { world, execution } = setUp();
  const { device, handle } = world.boot({ download: TUNING, overrides: { delta: createDelta() } });
  const read: number[] = [];
  const { slots } = device;
  const digest = slots.digest.bind(slots);
  slots.digest = async (slot, sizeBytes) => {
    if (slot === 0) read.push(sizeBytes);
    return await digest(slot, sizeBytes);
  };
  execution.document = documentOf(NEW, 1, { bc_delta: [...entries, ...ENTRIES] });
  await handle({ force: true });
  expect(world.server.gets.map(({ url }) => url)).toEqual([PATCH_URL]);
  expect(read.filter((sizeBytes) => sizeBytes === OLD.length)).toHaveLength(1);
});

test.each<[string, Setup]>([
  ["no slot has the image of the patch", { old: firmwareOf(3, 30_000) }],
  ["the slots cannot be read", { unreadable: true }],
])("the compressed image is downloaded if %s", async (_why, setup) => {
  const { run, paths } = setUp(setup);
  expect(await run()).toMatchObject(succeeded("compressed", COMPRESSED.length));
  expect(paths()).toEqual(["compressed"]);
});

test.each<[string, object[]]>([
  ["no entry fits", [entryOf(firmwareOf(3, 30_000), PATCH, PATCH_URL)]],
  ["the patch has more than half of the bytes", [{ ...ENTRIES[0], bytes: 20_001 }]],
])("the whole image is downloaded if %s", async (_why, entries) => {
  const { run, paths } = setUp({ entries });
  expect(await run()).toMatchObject(succeeded("whole", NEW.length));
  expect(paths()).toEqual(["image"]);
});

test("a job without patches reports nothing of them", async () => {
  const { run } = setUp({ entries: [] });
  const { status, statusDetails } = await run();
  expect(status).toBe("SUCCEEDED");
  expect(statusDetails).not.toHaveProperty("via");
  expect(statusDetails).not.toHaveProperty("fetchedBytes");
});

function changed(at: number, value: number): Uint8Array {
  const patch = PATCH.slice();
  patch[at] = value;
  return patch;
}

const onPatch =
  (answer: Partial<ReturnType<AnswerFault> & object> | "no-answer"): AnswerFault =>
  ({ url }) =>
    url.startsWith(PATCH_URL) ? answer : undefined;

const OTHER_BASE = await makePatch(nextOf(OLD, 30_000), NEW);
const OTHER_IMAGE = await makePatch(OLD, firmwareOf(5, 40_000));

test.each<[what: string, cause: string, setup: Setup]>([
  ["403", "url-refused", { fault: onPatch({ status: 403, headers: {}, body: errorPage("AccessDenied") }) }],
  ["404", "image-gone", { fault: onPatch({ status: 404, headers: {}, body: errorPage("NoSuchKey") }) }],
  [
    "a redirect",
    "download-failed",
    { fault: onPatch({ status: 302, headers: {}, body: errorPage("TemporaryRedirect") }) },
  ],
  ["no answer", "download-failed", { fault: onPatch("no-answer") }],
  ["another size", "size-mismatch", { patch: PATCH.subarray(0, 800) }],
  [
    "more bytes",
    "size-mismatch",
    { fault: onPatch({ headers: {}, body: Uint8Array.from([...PATCH, ...PATCH]) }) },
  ],
  ["a bad header", "patch-invalid", { patch: changed(0, 0) }],
  ["a bad frame", "patch-invalid", { patch: changed(88, 9) }],
  [
    "another old image",
    "patch-invalid",
    { entries: [entryOf(OLD, OTHER_BASE, PATCH_URL)], patch: OTHER_BASE },
  ],
  [
    "another new image",
    "patch-invalid",
    { entries: [entryOf(OLD, OTHER_IMAGE, PATCH_URL)], patch: OTHER_IMAGE },
  ],
  [
    "a host that is not allowed",
    "host-refused",
    { entries: [{ ...ENTRIES[0], url: "https://other.example/p" }], allowedHosts: ["bucket.example"] },
  ],
  [
    "frames that are cut off",
    "patch-invalid",
    (() => {
      const patch = PATCH.subarray(0, PATCH.length - 9);
      return { entries: [entryOf(OLD, patch, PATCH_URL)], patch };
    })(),
  ],
])("after a patch with %s, the whole image is downloaded once: %s", async (_what, cause, setup) => {
  const { world, run, paths } = setUp(setup);
  const { status, statusDetails } = await run();
  expect({ status, via: statusDetails["via"] }).toEqual({ status: "SUCCEEDED", via: `whole:${cause}` });
  const uncounted = world.server.sentBytes - Number(statusDetails["fetchedBytes"]);
  expect(uncounted).toBeGreaterThanOrEqual(0);
  expect(uncounted).toBeLessThanOrEqual(2_048); // of an error page, or a piece of the wrong size
  expect(world.server.sentBytes).toBeLessThan(1.5 * NEW.length);
  expect(paths().filter((path) => path === "image").length).toBe(1);
  expect(paths().at(-1)).toBe("image");
  expect(world.logged.join("\n")).toContain(
    "warn: downloading the whole image, because the patch did not work: ",
  );
  expect(world.flash.slotBytes(1)).toEqual(NEW);
});

test("a patch that makes another image than it says is found by the digests of the slot", async () => {
  const literal = await makePatch(undefined, firmwareOf(7, 40_000));
  const lying = Uint8Array.from([...COMPRESSED.subarray(0, 88), ...literal.subarray(88)]);
  const entries = [entryOf(undefined, lying, PATCH_URL)];
  const { run, paths, world } = setUp({ entries, patch: lying });
  expect((await run()).statusDetails["via"]).toBe("whole:digest-mismatch");
  expect(paths()).toEqual(["patch", "image"]);
  expect(world.flash.slotBytes(1)).toEqual(NEW);
});

test("a cut: resumes at the byte reached, of the same patch", async () => {
  const { run, world } = setUp({ fault: (_get, count) => (count < 3 ? { cutAfterBytes: 700 } : undefined) });
  expect(await run()).toMatchObject(succeeded("patch", PATCH.length));
  expect(world.server.starts).toEqual([0, 700, 1_400]);
  expect(world.server.gets[1]?.headers["if-match"]).toMatch(/^"of-/);
});

describe("the URL of a patch", () => {
  /** Each answer of the cloud has URLs of its own, and only the newest are valid. */
  function expiring(world: FakeWorld, sent = (delta: object): object | undefined => delta) {
    let asked = 0;
    world.cloud.fillIn = (document) => {
      asked += 1;
      const { bc_delta, ...rest } = document as { bc_delta: { url: string }[] };
      const fresh = bc_delta.map((delta) => sent({ ...delta, url: `${delta.url}?asked=${asked}` }));
      const kept = fresh.filter((delta) => delta !== undefined);
      return {
        ...rest,
        bc_url: `https://bucket.example/image?asked=${asked}`,
        ...(kept.length > 0 && { bc_delta: kept }),
      };
    };
  }

  /** The connection breaks after 1,500 bytes, and then the URL has expired. */
  const expired: AnswerFault = ({ url }, count) => {
    if (count === 1) return { cutAfterBytes: 1_500 };
    return url.endsWith("?asked=1")
      ? { status: 403, headers: {}, body: errorPage("AccessDenied") }
      : undefined;
  };

  test("is refused in the middle: resumes with the fresh one of the same patch", async () => {
    const { world, run, paths } = setUp({ fault: expired });
    expiring(world);
    const { statusDetails } = await run({}, { disconnectMqtt: false });
    expect(statusDetails).toMatchObject({ via: "patch", fetchedBytes: `${PATCH.length}` });
    expect(paths()).toEqual(["patch?asked=1", "patch?asked=1", "patch?asked=2"]);
    expect(world.server.starts).toEqual([0, 1_500, 1_500]);
  });

  test("is refused, and the fresh document has the patch no more: the whole image, by its fresh URL", async () => {
    const { world, run, paths } = setUp({ fault: expired });
    let asked = 0;
    expiring(world, (delta) => (++asked > ENTRIES.length ? undefined : delta));
    expect((await run({}, { disconnectMqtt: false })).statusDetails["via"]).toBe("whole:image-gone");
    expect(paths()).toEqual(["patch?asked=1", "patch?asked=1", "image?asked=2"]);
  });
});

test("a cancel ends a patch as it ends an image", async () => {
  const { world, execution, paths } = setUp();
  world.server.fault = ({ url }) => {
    if (url === PATCH_URL) world.cloud.cancel(execution);
    return { cutAfterBytes: 1_500 };
  };
  await world.boot({ download: TUNING, overrides: { delta: createDelta() } }).handle({ force: true });
  expect(paths()).toEqual(["patch"]);
  expect(world.flash.state).toContain('"idle"');
});

describe("a server of a patch", () => {
  test.each<[what: string, fault: AnswerFault, via: string]>([
    [
      "ignores Range once",
      (_get, count) =>
        count === 1
          ? { cutAfterBytes: 3_000 }
          : count === 2
            ? { status: 200, headers: {}, body: PATCH }
            : undefined,
      "patch",
    ],
    [
      "ignores Range always and cuts each answer",
      ({ url }) =>
        url === PATCH_URL ? { status: 200, headers: {}, body: PATCH, cutAfterBytes: 3_000 } : undefined,
      "whole:download-failed",
    ],
    [
      "lies about the range",
      ({ url, headers }, count) => {
        if (count === 1) return { cutAfterBytes: 1_500 };
        if (url !== PATCH_URL || headers["range"] === undefined) return undefined;
        return {
          status: 206,
          headers: { "content-range": `bytes 1500-9/${PATCH.length}` },
          body: PATCH.subarray(900),
        };
      },
      "whole:patch-invalid",
    ],
    [
      "sends another part than it says",
      (_get, count) => {
        if (count === 1) return { cutAfterBytes: 1_500 };
        if (count > 2) return undefined;
        const content = `bytes 1500-${PATCH.length - 1}/${PATCH.length}`;
        return {
          status: 206,
          headers: { "content-range": content },
          body: PATCH.slice(0, PATCH.length - 1_500),
        };
      },
      "whole:patch-invalid",
    ],
    [
      "has another object for the second request",
      (_get, count) => {
        if (count === 1) return { cutAfterBytes: 1_500 };
        return count === 2 ? { status: 412, headers: {}, body: errorPage("PreconditionFailed") } : undefined;
      },
      "patch",
    ],
    [
      "never sends a byte",
      ({ url }) => (url === PATCH_URL ? { body: new Uint8Array(0), stall: true } : undefined),
      "whole:download-failed",
    ],
    [
      "sends one byte at a time and cuts",
      ({ url }) => (url === PATCH_URL ? { cutAfterBytes: 1 } : undefined),
      "whole:download-failed",
    ],
    [
      "sends the image instead",
      ({ url }) => (url === PATCH_URL ? { headers: {}, body: NEW } : undefined),
      "whole:patch-invalid",
    ],
  ])("%s", async (_what, fault, via) => {
    const { world, run } = setUp({ fault });
    const { status, statusDetails } = await run();
    expect({ status, via: statusDetails["via"] }).toEqual({ status: "SUCCEEDED", via });
    expect(world.server.sentBytes).toBeLessThan(1.5 * NEW.length + PATCH.length);
    expect(world.flash.slotBytes(1)).toEqual(NEW);
  });
});

test("the whole image can still fail, and its report says that a patch came before it", async () => {
  const { run } = setUp({ fault: () => ({ status: 404, headers: {}, body: errorPage("NoSuchKey") }) });
  expect(await run()).toMatchObject({
    status: "FAILED",
    statusDetails: { reason: "image-gone", via: "whole:image-gone" },
  });
});

test("an old image that cannot be read: the whole image", async () => {
  const { world, execution } = setUp();
  const device = world.boot({ download: TUNING, overrides: { delta: createDelta() } });
  device.device.slots.read = () => Promise.reject(new Error("EIO"));
  await device.handle({ force: true });
  await world.boot({ download: TUNING }).handle({ force: true });
  expect(execution).toMatchObject({ status: "SUCCEEDED", statusDetails: { via: "whole:slot-failed" } });
});

test("frames that are too large for the device: the whole image", async () => {
  const patch = await makePatch(OLD, NEW, 8192);
  const delta = createDelta({ frameBytesMax: 4096 });
  const { run } = setUp({ patch, entries: [entryOf(OLD, patch, PATCH_URL)], overrides: { delta } });
  expect((await run()).statusDetails["via"]).toBe("whole:patch-invalid");
});

test("a device of a release without patches downloads the whole image", async () => {
  const { run, paths } = setUp({ overrides: {} });
  const { status, statusDetails } = await run();
  expect(status).toBe("SUCCEEDED");
  expect(statusDetails).not.toHaveProperty("via");
  expect(paths()).toEqual(["image"]);
});

test("a stop does not wait for the frames of a piece, and the next start goes on after them", async () => {
  const old = firmwareOf(4, 200_000);
  const image = Uint8Array.from([...old.subarray(8192), ...old.subarray(0, 8192)]);
  const patch = await makePatch(old, image);
  expect(patch.length, "nearly all frames are copies, and come in one piece").toBeLessThan(1_000);
  const { flash, server, slots, journal, start } = await patchDownload({ old, image, patch });
  const interruption = new Interruption();
  const { write } = slots;
  let writes = 0;
  slots.write = async (...args) => {
    writes += 1;
    if (writes === 5) interruption.interrupt("stopped");
    await write(...args);
  };
  expect(await start(interruption)).toEqual({ kind: "interrupted" });
  expect(writes).toBeLessThan(12);
  expect(journal()).toMatchObject({ patch: { frameBytes: 4096 } });
  expect(journal().offsetBytes).toBeGreaterThan(0);
  expect(await start()).toMatchObject({ kind: "downloaded", download: { via: "patch" } });
  expect(flash.slotBytes(1)).toEqual(image);
  expect(server.gets.length).toBe(2);
  expect(server.starts[1]).toBeGreaterThan(0);
});

test("a slot that holds the image already: nothing is fetched, and nothing said of a patch", async () => {
  const { world, run, paths } = setUp();
  const { slots } = world.boot().device;
  await slots.write(1, 0, NEW);
  await slots.sync(1);
  const { status, statusDetails } = await run();
  expect(status).toBe("SUCCEEDED");
  expect(statusDetails).not.toHaveProperty("via");
  expect(paths()).toEqual([]);
});

test("a saved position that this firmware cannot use: the whole image", async () => {
  const { flash, setJournal, start } = await patchDownload({ old: OLD, image: NEW, patch: PATCH });
  const position = { sha256: sha256Of(PATCH), patchBytes: 1_000, frameBytes: 2 ** 30 };
  setJournal({ offsetBytes: 4096, erases: 1, fetchedBytes: 1_000, patch: position });
  const result = await start();
  expect(result).toMatchObject({ kind: "downloaded", download: { via: "whole:patch-invalid" } });
  expect(flash.slotBytes(1)).toEqual(NEW);
});

test("a whole download beside patches that do not fit is reported as that after a restart, too", async () => {
  const { setJournal, start, slots } = await patchDownload({ old: OLD, image: NEW, patch: PATCH });
  await slots.write(1, 0, NEW.subarray(0, 4_000));
  setJournal({ offsetBytes: 4_000, erases: 1, fetchedBytes: 4_000 });
  const download = { via: "whole", fetchedBytes: NEW.length };
  expect(await start()).toMatchObject({ kind: "downloaded", download });
});
