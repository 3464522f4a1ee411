import { createHash } from "node:crypto";
import { parseJobDocument } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { keysOf, nodeVerify, signedBy, type TestKey, testKey } from "../../shared/test/signing.js";
import { documentOf, FakeWorld, imageOf } from "../src/testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const ours = testKey(1, "ours");
const trusts = (key: TestKey) => ({ trust: { keys: keysOf(key), verify: nodeVerify } });
const signed = (document: object) => signedBy(parseJobDocument(document), ours);

function worldWith(document: unknown) {
  const world = new FakeWorld({ old: OLD, new: NEW });
  const execution = world.cloud.addJob("job-1", document);
  return { world, execution };
}

function entryOf(image: Uint8Array, slot: number) {
  const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 } = documentOf(image, slot);
  return { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 };
}

const TOUCHES = /^(slots\.(erase|write|attempt|accept|revert|restart)|http\.)/;

describe("the device already runs the image: SUCCEEDED, and nothing is touched", () => {
  test.each([
    ["published for the other slot", documentOf(OLD, 1)],
    ["published for the running slot", documentOf(OLD, 0)],
    ["an alternative of the document", documentOf(NEW, 1, { bc_alt: [entryOf(OLD, 0)] })],
    ["published with MD5 alone, as by the original's tool", documentOf(OLD, 1, { bc_sha256: undefined })],
    ["published again after its end", documentOf(OLD, 1, { bc_exp: 1 })],
    [
      "from a host that the device does not fetch from",
      documentOf(OLD, 1, { bc_url: "https://evil.example/x" }),
    ],
  ])("%s", async (_what, document) => {
    const { world, execution } = worldWith(document);
    const device = world.boot({
      allowedHosts: ["bucket.example"],
      overrides: { firmwareVersion: "1.0.0", wallClockMs: () => 1_790_000_000_000 },
    });
    expect(await device.handle({ force: true })).toBeUndefined();
    expect(execution.status).toBe("SUCCEEDED");
    expect(execution.statusDetails).toEqual({
      phase: "done",
      detail: "the device already runs this image: nothing was downloaded",
      running: "1.0.0, slot 0",
    });
    expect(device.power.trace.filter((call) => TOUCHES.test(call))).toEqual([]);
    expect(world.flash.state).toContain('"idle"');
  });

  test("its owner is not asked", async () => {
    const { world, execution } = worldWith(documentOf(OLD, 1));
    await world.boot({ beforeDownload: () => ({ refuse: "never" }) }).handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("a job that comes again and again costs one report each, and no reset", async () => {
    const { world } = worldWith(documentOf(OLD, 1));
    const device = world.boot();
    await device.handle({ force: true });
    for (let nth = 2; nth < 10; nth += 1) {
      const again = world.cloud.addJob(`job-${nth}`, documentOf(OLD, 1));
      await device.handle();
      expect(again.status).toBe("SUCCEEDED");
    }
    expect(device.power.isOff).toBe(false);
    expect(world.server.gets).toEqual([]);
  });

  test("the report is repeated until the service has it", async () => {
    const { world, execution } = worldWith(documentOf(OLD, 1));
    const device = world.boot();
    world.cloud.fault = (topic) => (topic.endsWith("/update") ? "lose" : undefined);
    await device.handle({ force: true });
    world.cloud.fault = () => undefined;
    await world.boot().handle();
    expect(execution.status).toBe("SUCCEEDED");
  });

  test("no claim on trust: unsigned, or for another model, it is refused as ever", async () => {
    const unsigned = worldWith(documentOf(OLD, 1));
    await unsigned.world.boot(trusts(ours)).handle({ force: true });
    expect(unsigned.execution).toMatchObject({
      status: "FAILED",
      statusDetails: { reason: "signature-invalid" },
    });

    const running = worldWith(signed(documentOf(OLD, 0)));
    await running.world.boot(trusts(testKey(2, "theirs"))).handle({ force: true });
    expect(running.execution.status).toBe("FAILED");

    const trusted = worldWith(signed(documentOf(OLD, 0)));
    await trusted.world.boot(trusts(ours)).handle({ force: true });
    expect(trusted.execution.status).toBe("SUCCEEDED");

    const other = worldWith(documentOf(OLD, 1, { bc_model: "b" }));
    await other.world.boot({ overrides: { model: "a" } }).handle({ force: true });
    expect(other.execution.statusDetails["reason"]).toBe("wrong-model");
  });

  test("an image on trial is none that runs: the job waits", async () => {
    const { world, execution } = worldWith(documentOf(NEW, 1));
    const device = world.boot();
    await world.clock.run(device.fota.update(documentOf(NEW, 1)));
    await device.fota.test(documentOf(NEW, 1));
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("QUEUED");
  });

  test("a running slot that cannot be read does not keep the update away", async () => {
    const { world, execution } = worldWith(documentOf(NEW, 1));
    const { device, handle } = world.boot();
    const { digest } = device.slots;
    device.slots.digest = async (slot, sizeBytes) => {
      if (slot === 0) throw new Error("I/O error");
      return await digest(slot, sizeBytes);
    };
    expect(await handle({ force: true })).toBe("power-cut");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });
});

describe("the target slot holds the image already", () => {
  async function prepared(image: Uint8Array, document: unknown) {
    const { world, execution } = worldWith(document);
    const { slots } = world.boot().device;
    await slots.write(1, 0, image);
    await slots.sync(1);
    return { world, execution };
  }

  test("it is verified and put on trial, and nothing is fetched or erased", async () => {
    const { world, execution } = await prepared(NEW, documentOf(NEW, 1));
    const device = world.boot();
    expect(await device.handle({ force: true })).toBe("power-cut");
    expect(world.server.gets).toEqual([]);
    expect(device.power.trace).not.toContain("slots.erase");
    await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.flash.running).toEqual({ slot: 1, image: NEW, confirmed: true });
  });

  test("a retry after a failed trial fetches nothing again", async () => {
    const { world, execution } = worldWith(documentOf(NEW, 1));
    const selfTest = async () => false;
    for (let boot = 0; boot < 3; boot += 1) await world.boot({ selfTest }).handle({ force: true });
    expect(execution.statusDetails["reason"]).toBe("self-test-failed");
    const retried = world.cloud.addJob("job-1", documentOf(NEW, 1), 2);
    for (let boot = 0; boot < 2; boot += 1) await world.boot().handle({ force: true });
    expect(retried.status).toBe("SUCCEEDED");
    expect(world.server.gets.length).toBe(1);
  });

  test("the alternative for the free slot is the one that counts", async () => {
    const document = documentOf(imageOf(7, 900), 0, { bc_alt: [entryOf(NEW, 1)] });
    const { world, execution } = await prepared(NEW, document);
    for (let boot = 0; boot < 2; boot += 1) await world.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(world.server.gets).toEqual([]);
  });

  test("the right MD5 with another SHA-256 is another image", async () => {
    const { world, execution } = await prepared(NEW, documentOf(NEW, 1, { bc_sha256: "0".repeat(64) }));
    await world.boot().handle({ force: true });
    expect(world.server.gets.length).toBe(1);
    expect(execution.statusDetails["reason"]).toBe("digest-mismatch");
  });

  test("one byte that differs, or a tail that is missing, is downloaded", async () => {
    for (const held of [NEW.map((byte, i) => (i === 9_999 ? byte ^ 1 : byte)), NEW.subarray(0, 19_999)]) {
      const { world, execution } = await prepared(held, documentOf(NEW, 1));
      for (let boot = 0; boot < 2; boot += 1) await world.boot().handle({ force: true });
      expect(world.server.gets.length).toBe(1);
      expect(execution.status).toBe("SUCCEEDED");
    }
  });

  test("a document with the right digest but one byte more does not match", async () => {
    const { world, execution } = await prepared(NEW, documentOf(NEW, 1, { bc_size: NEW.length + 1 }));
    await world.boot().handle({ force: true });
    expect(execution.statusDetails["reason"]).toBe("size-mismatch");
  });

  test("Fota.update gives true without a request, and test takes the image", async () => {
    const { world } = worldWith({ operation: "reboot" });
    const { fota } = world.boot();
    const document = documentOf(NEW, 1);
    expect(await world.clock.run(fota.update(document))).toBe(true);
    expect(await world.clock.run(fota.update(document))).toBe(true);
    expect(world.server.gets.length).toBe(1);
    await fota.test(document);
    expect(world.flash.record.currentSlot).toBe(1);
  });

  test("Fota.update of the running image writes it to the requested slot", async () => {
    const { world } = worldWith({ operation: "reboot" });
    world.server.object = OLD;
    const { fota } = world.boot();
    expect(await world.clock.run(fota.update(documentOf(OLD, 1)))).toBe(true);
    expect(createHash("md5").update(world.flash.slotBytes(1)).digest("hex")).toBe(documentOf(OLD, 1).bc_crc);
    expect(await world.clock.run(fota.update(documentOf(OLD, 0)))).toBe(false);
  });
});
