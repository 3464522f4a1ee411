import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobDocument } from "@fota/shared";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keysOf, signedBy, testKey } from "../../../../shared/test/signing.js";
import { initBootRecord, readBootRecord, writeBootRecord } from "../../boot/boot-record.js";
import { simulateBoot } from "../../boot/simulate-boot.js";
import { type Bench, openBench } from "../bench/bench.js";
import { openImage } from "../bench/image-file.js";
import { installImage } from "../bench/install.js";
import { confirmTrial, revertTrial } from "../bench/trial.js";
import { configSchema } from "../config/schema.js";
import { readStatus } from "../status/status.js";
import { bootLine } from "./boot-line.js";
import { finishInstall } from "./manual-install.js";

const [ann, eve] = [testKey(1, "ann"), testKey(2, "eve")];

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-install-"));
  await writeFile(join(dir, "slot-0"), "the old image");
  await initBootRecord(dir, 0);
  path = join(dir, "new.bin");
  await writeFile(path, Buffer.alloc(600_000, "new"));
});
afterEach(async () => await rm(dir, { recursive: true }));

async function bench(more: object = {}, runningSlot = 0): Promise<Bench> {
  const identity = { endpoint: "localhost", thingName: "pump-1", cert: "c", key: "k", ca: "a" };
  const slots = { type: "files", runningSlot, restartCommand: ["true"] };
  const config = v.parse(configSchema, { ...identity, stateDir: dir, slots, model: "pump", ...more });
  return await openBench(config, { env: {}, log: () => {} });
}

/** The document of the image at `path` for slot 1. */
async function documentOf(more: Partial<JobDocument> = {}): Promise<JobDocument> {
  const image = await readFile(path);
  const digest = (name: string) => createHash(name).update(image).digest("hex");
  return {
    operation: "fota",
    bc_idx: 1,
    bc_crc: digest("md5"),
    bc_size: image.length,
    bc_url: "https://bucket.example.com/new.bin",
    bc_sha256: digest("sha256"),
    bc_version: "2.0.0",
    bc_model: "pump",
    ...more,
  };
}

async function install(on: Bench, document?: unknown) {
  const image = await openImage(path);
  const { sizeBytes, md5, sha256 } = image;
  const request = { sizeBytes, md5, sha256, ...(document !== undefined && { document }) };
  return await installImage(on, request, image.read(), () => {}).finally(() => image.close());
}

/** Boots what the record says and returns the device as it is then. */
async function reboot(more: object = {}): Promise<Bench> {
  const { slot } = await simulateBoot(dir);
  return await bench(more, slot);
}

const never = () => false;

test("an image without a document is written, tried and confirmed", async () => {
  expect(await install(await bench())).toMatchObject({ slot: 1, restart: true });
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 1, workingSlot: 0 });
  const onTrial = await reboot();
  expect(await finishInstall(onTrial, async () => true, never)).toBe(false);
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
  expect(await readStatus(onTrial, null)).toMatchObject({
    boot: "confirmed",
    last: { status: "SUCCEEDED", jobId: null },
  });
});

test("a failed self test reverts; a boot loader that has reverted is noted", async () => {
  await install(await bench(), await documentOf());
  const onTrial = await reboot();
  expect(await readStatus(onTrial, null)).toMatchObject({ boot: "trial", version: "2.0.0" });
  const broken = async () => {
    throw new Error("the pump does not turn");
  };
  expect(await finishInstall(onTrial, broken, never)).toBe(true);
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  expect(await bootLine(await reboot())).toBeUndefined();
  const last = { status: "FAILED", version: "2.0.0", detail: "the pump does not turn" };
  expect(await readStatus(onTrial, null)).toMatchObject({ last });

  await install(await reboot());
  expect(await bootLine(await reboot())).toEqual(["info", "slot 1 runs on trial"]);
  const reverted = await reboot(); // the second boot of the trial
  expect(await bootLine(reverted)).toEqual(["warn", "the boot loader reverted to slot 0"]);
  expect(await finishInstall(reverted, async () => true, never)).toBe(false);
  expect((await readStatus(reverted, null)).last).toMatchObject({
    status: "FAILED",
    detail: expect.stringMatching(/reverted/),
  });
});

test("a self test that ends because the daemon stops decides nothing", async () => {
  await install(await bench());
  const onTrial = await reboot();
  await finishInstall(
    onTrial,
    async () => false,
    () => true,
  );
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 1, workingSlot: 0 });
  expect(await finishInstall(onTrial, async () => true, never)).toBe(false);
  expect(await readBootRecord(dir)).toMatchObject({ workingSlot: 1 });
});

test.each([true, false])(
  "a command that ends the trial during its self test decides, whether that passes (%s) or not",
  async (passes) => {
    await install(await bench());
    const onTrial = await reboot();
    const whileReverted = async () => {
      await revertTrial(onTrial);
      return passes;
    };
    expect(await finishInstall(onTrial, whileReverted, never)).toBe(false); // the command restarts the device
    const reverted = await reboot();
    expect(await finishInstall(reverted, async () => true, never)).toBe(false);
    const byHand = { status: "FAILED", reason: "reverted-by-hand" };
    expect(await readStatus(reverted, null)).toMatchObject({ slot: 0, last: byHand });

    await install(await bench());
    const again = await reboot();
    const whileConfirmed = async () => {
      await confirmTrial(again);
      return passes;
    };
    expect(await finishInstall(again, whileConfirmed, never)).toBe(false);
    expect(await readStatus(again, null)).toMatchObject({ boot: "confirmed", last: { status: "SUCCEEDED" } });
  },
);

test("with trusted keys, only an image with a signed document is installed", async () => {
  const trust = { keys: keysOf(ann) };
  const document = await documentOf();
  for (const bad of [undefined, document, signedBy(document, eve)]) {
    await expect(install(await bench({ trust }), bad)).rejects.toMatchObject({
      code: "IMAGE_NOT_VERIFIED",
      message: expect.stringMatching(/the image was not installed: .*sign/),
    });
  }
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 0 });
  expect(await install(await bench({ trust }), signedBy(document, ann))).toMatchObject({ slot: 1 });
});

test.each([
  ["another model", { bc_model: "valve" }, "IMAGE_NOT_VERIFIED", /model/],
  ["another image", { bc_crc: "0".repeat(32) }, "DOCUMENT_INVALID", /for another image/],
  ["a wrong SHA-256", { bc_sha256: "0".repeat(64) }, "IMAGE_NOT_VERIFIED", /digest-mismatch/],
  ["the running slot", { bc_idx: 0 }, "IMAGE_NOT_VERIFIED", /slot/],
])("a document for %s is refused, and nothing boots", async (_what, more, code, message) => {
  await expect(install(await bench(), await documentOf(more))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(await readBootRecord(dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
});

test("install refuses while an image is on trial; confirm and revert end it", async () => {
  await install(await bench());
  const scheduled = await bench();
  await expect(install(scheduled)).rejects.toMatchObject({ code: "DEVICE_BUSY" });
  await expect(confirmTrial(scheduled)).rejects.toMatchObject({
    code: "DEVICE_BUSY",
    hint: "restart the device if it does not restart by itself, then run the command again",
  });
  expect(await revertTrial(scheduled)).toMatchObject({ slot: 0, restart: false });
  await expect(revertTrial(scheduled)).rejects.toMatchObject({ code: "TRIAL_OVER" });
  expect(await finishInstall(scheduled, async () => true, never)).toBe(false);
  const last = {
    status: "FAILED",
    reason: "reverted-by-hand",
    detail: "`fota-agent revert` ended the trial",
  };
  expect((await readStatus(scheduled, null)).last).toMatchObject(last);
  await install(scheduled);
  const onTrial = await reboot();
  expect(await confirmTrial(onTrial)).toMatchObject({ slot: 1, restart: false });
  expect(await confirmTrial(onTrial)).toMatchObject({ message: expect.stringMatching(/confirmed already/) });
});

test("a revert that comes after that of the boot loader is not reported as done by hand", async () => {
  await install(await bench());
  const onTrial = await reboot();
  const failure = "slot 1 was not confirmed within 600 s";
  await writeBootRecord(dir, { currentSlot: 0, workingSlot: 0, trialBoots: 0, failure });
  expect(await revertTrial(onTrial)).toMatchObject({ slot: 0, restart: true });
  const reverted = await reboot();
  expect(await finishInstall(reverted, async () => true, never)).toBe(false);
  const { last } = await readStatus(reverted, null);
  expect(last).toMatchObject({
    status: "FAILED",
    reason: "invalid fota",
    detail: `it was not confirmed: the boot loader reverted it: ${failure}`,
  });
});

test("an install that was killed before its trial does not tell why an earlier trial ended", async () => {
  const failure = "slot 1 failed on trial (exit 3)";
  await writeBootRecord(dir, { currentSlot: 0, workingSlot: 0, trialBoots: 0, failure });
  const { history } = await bench();
  await history.noteInstall({ slot: 1, md5: "0".repeat(32), sizeBytes: 5 });
  const next = await bench();
  expect(await finishInstall(next, async () => true, never)).toBe(false);
  expect((await readStatus(next, null)).last).toMatchObject({
    status: "FAILED",
    detail: "the install was interrupted",
  });
});

test("install refuses while the update of a job is in progress, and names the job", async () => {
  const target = { slot: 1, sizeBytes: 5, md5: "0".repeat(32), url: "https://example.com/" };
  const execution = { jobId: "fw-7", executionNumber: 1, versionNumber: 2 };
  const state = { phase: "downloading", execution, order: target, journal: { offsetBytes: 0 } };
  await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state }));
  await expect(install(await bench())).rejects.toMatchObject({
    code: "DEVICE_BUSY",
    message: "the update of job fw-7 is in progress (downloading)",
  });
});

test("the version of an image that was replaced without the agent is unknown", async () => {
  await install(await bench(), await documentOf());
  const onTrial = await reboot();
  await finishInstall(onTrial, async () => true, never);
  expect((await bench({}, 1)).device.firmwareVersion).toBe("2.0.0");
  await writeFile(join(dir, "slot-1"), Buffer.alloc(600_000, "other"));
  expect((await bench({}, 1)).device.firmwareVersion).toBeUndefined();
});

describe("the job of a trial that revert ends", () => {
  const target = { slot: 1, sizeBytes: 5, md5: "0".repeat(32), url: "https://example.com/" };
  const execution = { jobId: "fw-7", executionNumber: 1, versionNumber: 2 };

  async function revertIn(state: object): Promise<unknown> {
    const images = { 1: "0".repeat(32) };
    await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state, images }));
    await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 0 });
    await revertTrial(await bench());
    const saved = JSON.parse(await readFile(join(dir, "fota-state.json"), "utf8"));
    expect(saved.images).toEqual(images);
    return saved.state;
  }

  test.each([
    { phase: "installing", attempts: 1 },
    { phase: "consulting", hook: "beforeReset", deferred: true, faults: 0, attempts: 1 },
    { phase: "trial" },
    { phase: "confirming" },
  ])("in the phase $phase, it will be reported as reverted by hand", async (phase) => {
    const details = {
      phase: "trial",
      reason: "reverted-by-hand",
      detail: "`fota-agent revert` ended the trial",
    };
    expect(await revertIn({ ...phase, execution, order: target })).toEqual({
      phase: "reverting",
      execution,
      order: target,
      verdict: { status: "FAILED", details },
    });
  });

  test("is left alone if the boot loader has ended the trial before", async () => {
    const state = { phase: "trial", execution, order: target };
    await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state }));
    await writeBootRecord(dir, { currentSlot: 0, workingSlot: 0, trialBoots: 0 });
    expect(await revertTrial(await bench({}, 1))).toMatchObject({ slot: 0, restart: true });
    expect(JSON.parse(await readFile(join(dir, "fota-state.json"), "utf8")).state).toEqual(state);
  });

  test("ends as SUCCEEDED if a person confirms it after its revert was killed", async () => {
    const verdict = { status: "FAILED", details: { phase: "trial", reason: "reverted-by-hand" } };
    const state = { phase: "reverting", execution, order: target, verdict };
    const saved = async () => JSON.parse(await readFile(join(dir, "fota-state.json"), "utf8")).state;
    await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state }));
    await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 0 });
    await expect(confirmTrial(await bench({}, 1))).rejects.toMatchObject({ code: "TRIAL_OVER" });
    expect(await saved()).toEqual(state);
    await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
    expect(await confirmTrial(await bench({}, 1))).toMatchObject({ message: "slot 1 is confirmed" });
    expect(await saved()).toEqual({ phase: "confirming", execution, order: target });
  });

  test("is left alone if the trial cannot be reverted", async () => {
    const state = { phase: "trial", execution, order: target };
    await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state }));
    await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
    const device = await bench({}, 1);
    const fault = new Error("the boot loader does not answer");
    const slots = { ...device.opened.slots, revert: () => Promise.reject(fault) };
    await expect(revertTrial({ ...device, opened: { slots } })).rejects.toThrow(fault);
    expect(JSON.parse(await readFile(join(dir, "fota-state.json"), "utf8")).state).toEqual(state);
  });

  test("is left alone, and the command tells the reason, even if the note of an install cannot be taken back", async () => {
    const state = { phase: "trial", execution, order: target };
    await writeFile(join(dir, "fota-state.json"), JSON.stringify({ version: 1, state }));
    await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
    const device = await bench({}, 1);
    const slots = {
      ...device.opened.slots,
      revert: () => Promise.reject(new Error("no image to revert to")),
    };
    device.history.noteRevert = async (_slot, reverted) => {
      if (!reverted) throw new Error("no space left on the disk");
    };
    await expect(revertTrial({ ...device, opened: { slots } })).rejects.toThrow("no image to revert to");
    expect(JSON.parse(await readFile(join(dir, "fota-state.json"), "utf8")).state).toEqual(state);
  });

  test("keeps the verdict that it has already", async () => {
    const verdict = { status: "FAILED", details: { phase: "trial", reason: "self-test-failed" } };
    const state = { phase: "reverting", execution, order: target, verdict };
    expect(await revertIn(state)).toEqual(state);
  });
});
