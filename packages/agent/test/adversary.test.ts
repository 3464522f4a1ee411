import type { JobDocument, KeySetLink } from "@fota/shared";
import { describe, expect, test } from "vitest";
import {
  keysOf,
  linkSignedBy,
  nodeVerify,
  signedBy,
  type TestKey,
  testKey,
} from "../../shared/test/signing.js";
import { documentOf, type FakeBootOptions, imageOf, Power } from "../src/testing/index.js";
import { ann, bob, eve, release, root, TrustedDevice, V1, V2, V3 } from "./trusted-device.js";

// Someone who has the whole cloud (documents, objects, messages, the clock) and ann's key, against a device that demands
// ann and bob. The attacks have the names of Uptane's threat classes. Each ends with an image that the owner allows and
// a cause in the report, and leaves a device that still takes the owner's next release.

const MALWARE = imageOf(66, 20_000);
/** The newest release, which the device has confirmed: V2, number 10. */
const CURRENT = signedBy(release(V2, { bc_seq: 10, bc_version: "2.0.0", bc_at: 1_700_000_000 }), ann, bob);
const NEXT = signedBy(release(V3, { bc_seq: 11, bc_version: "3.0.0" }, 0), ann, bob);
/** A release of long ago: V1, number 4. */
const OLD = signedBy(release(V1, { bc_seq: 4, bc_version: "1.0.0", bc_down: true }, 0), ann, bob);

const entries = (...keys: TestKey[]) => keys.map(({ id, publicKey }): [string, string] => [id, publicKey]);
const link = (v: number, keys: TestKey[], ...signers: TestKey[]): KeySetLink =>
  linkSignedBy({ v, t: 1, keys: entries(...keys) }, ...signers);

/** A malicious document for the slot that is free after CURRENT. */
function malicious(more: Record<string, unknown> = {}): JobDocument {
  return release(MALWARE, { bc_seq: 11, bc_version: "9.0.0", ...more }, 0);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Checks that the device runs `image`, confirmed. */
function expectRuns({ world }: TrustedDevice, image: Uint8Array): void {
  expect(isSame(world.flash.running.image, image)).toBe(true);
  expect(world.flash.running.confirmed).toBe(true);
}

async function attackedDevice(settings: ConstructorParameters<typeof TrustedDevice>[0] = {}) {
  const device = new TrustedDevice({
    keys: keysOf(ann, bob),
    threshold: 2,
    rootKeys: keysOf(root),
    verify: nodeVerify,
    ...settings,
  });
  expect((await device.runs(CURRENT)).status).toBe("SUCCEEDED");
  return device;
}

/** Checks that the attack achieved nothing, and that the owner's next release still arrives. */
async function expectHarmless(device: TrustedDevice): Promise<void> {
  const { flash, cloud, server } = device.world;
  expectRuns(device, V2);
  expect(flash.deadBoots).toBe(0);
  cloud.executions.length = 0;
  cloud.fault = () => undefined;
  cloud.fillIn = (document) => document;
  server.fault = () => undefined;
  expect((await device.runs(NEXT, V3)).status).toBe("SUCCEEDED");
  expectRuns(device, V3);
}

/** Runs a job that must fail for `reason`. */
async function expectRefused(
  document: object,
  reason: string | RegExp,
  {
    device: given,
    image = MALWARE,
    boot = {},
  }: { device?: TrustedDevice; image?: Uint8Array; boot?: FakeBootOptions } = {},
): Promise<void> {
  const device = given ?? (await attackedDevice());
  const told = await device.runs(document, image, boot);
  expect(told).toMatchObject({ status: "FAILED", reason: expect.stringMatching(reason) });
  await expectHarmless(device);
}

describe("arbitrary software", () => {
  test.each([
    ["no signature", () => malicious()],
    ["the stolen key alone", () => signedBy(malicious(), ann)],
    ["the stolen key eight times", () => signedBy(malicious(), ...Array<TestKey>(8).fill(ann))],
    ["the stolen key under bob's name", () => signedBy(malicious(), ann, testKey(1, "bob"))],
    ["the stolen key and one that nobody knows", () => signedBy(malicious(), ann, eve)],
    ["signatures of the current release", () => ({ ...malicious(), bc_sig: CURRENT.bc_sig })],
    [
      "the signed facts of the current release, but another digest",
      () => ({
        ...CURRENT,
        bc_idx: 0,
        bc_sha256: malicious().bc_sha256,
      }),
    ],
    [
      "no SHA-256, so that only MD5 counts",
      () => {
        const { bc_sha256: _, ...document } = signedBy(malicious(), ann, bob);
        return document;
      },
    ],
  ])("a document with %s", async (_what, document) => {
    await expectRefused(document(), "signature-invalid");
  });

  test("another object behind the URL of a good document", async () => {
    await expectRefused(NEXT, "size-mismatch", { image: MALWARE });
    await expectRefused(NEXT, "digest-mismatch", { image: imageOf(67, V3.length) });
  });

  test("another document behind the same job, once its URL has expired", async () => {
    const device = await attackedDevice();
    const { cloud, server } = device.world;
    const attack = cloud.addJob("attack", NEXT);
    let describes = 0;
    cloud.fillIn = () => (++describes === 1 ? NEXT : malicious());
    server.object = MALWARE;
    server.fault = (_get, count) => (count === 2 ? { status: 403, headers: {} } : undefined);
    for (let boots = 0; boots < 3; boots += 1) await device.boot().handle({ force: true });
    expect(attack).toMatchObject({ status: "FAILED" });
    expect(attack.statusDetails["reason"]).toMatch(/^(signature-invalid|download-failed)$/);
    await expectHarmless(device);
  });

  test("a document that is another one at each second look", async () => {
    const device = await attackedDevice();
    const { cloud, server } = device.world;
    cloud.addJob("attack", malicious());
    server.object = MALWARE;
    let describes = 0;
    cloud.fillIn = () => (++describes % 2 === 1 ? NEXT : malicious());
    for (let boots = 0; boots < 4; boots += 1) await device.boot().handle({ force: true });
    await expectHarmless(device);
  });

  test.each([
    ["unsigned", () => malicious(), "signature-invalid"],
    ["signed by the stolen key", () => signedBy(malicious(), ann), "signature-invalid"],
    ["an old release", () => OLD, "invalid fota"],
  ])("an execution that is IN_PROGRESS without the device: %s", async (_what, document, reason) => {
    const device = await attackedDevice();
    const attack = device.world.cloud.addJob("attack", document());
    attack.status = "IN_PROGRESS";
    await device.boot().handle({ force: true });
    expect(attack).toMatchObject({ status: "FAILED", statusDetails: { reason } });
    await expectHarmless(device);
  });
});

describe("rollback and replay", () => {
  test("an old release with its own good signatures", async () => {
    await expectRefused(OLD, "sequence-refused", { image: V1 });
  });

  test("an old release of the time before the numbers", async () => {
    const document = signedBy(release(V1, { bc_version: "9.0.0" }, 0), ann, bob);
    await expectRefused(document, "sequence-refused", { image: V1 });
  });

  test("an old release as the current one's alternative number", async () => {
    const document = signedBy(release(V1, { bc_seq: 10, bc_version: "2.0.0" }, 0), ann, bob);
    await expectRefused(document, "sequence-refused", { image: V1 });
  });

  test("the power cut at each port call of the refusal", async () => {
    const device = await attackedDevice();
    device.world.server.object = V1;
    const saved = device.world.flash.trust;
    const attack = device.world.cloud.addJob("attack", OLD);
    for (let cut = 1; cut < 40 && attack.status !== "FAILED"; cut += 1) {
      await device.boot({ power: new Power(cut, "after") }).handle({ force: true });
    }
    expect(attack).toMatchObject({ status: "FAILED", statusDetails: { reason: "sequence-refused" } });
    expect(device.world.flash.trust).toBe(saved);
    await expectHarmless(device);
  });

  test("the saved state of updates from before, put back between two boots", async () => {
    const device = await attackedDevice();
    const { flash } = device.world;
    flash.state = undefined;
    await expectRefused(OLD, "sequence-refused", { device, image: V1 });
  });
});

describe("freeze", () => {
  test("an expired release, with the clock set back before its end", async () => {
    const expired = signedBy(
      release(V3, { bc_seq: 11, bc_version: "3.0.0", bc_exp: 1_600_000_000 }, 0),
      ann,
      bob,
    );
    await expectRefused(expired, "order-expired", {
      image: V3,
      boot: { overrides: { wallClockMs: () => 0 } },
    });
  });

  test("silence: the device keeps its image and waits", async () => {
    const device = await attackedDevice();
    device.world.cloud.fault = () => "lose";
    device.world.cloud.addJob("next", NEXT);
    await device.boot().handle({ force: true });
    await expectHarmless(device);
  });
});

test("mix and match: an alternative of another release is in no signature", async () => {
  const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 = "" } = OLD;
  const mixed = { ...NEXT, bc_idx: 1, bc_alt: [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }] };
  await expectRefused(mixed, "signature-invalid", { image: V1 });
  await expectRefused({ ...CURRENT, bc_seq: 11 }, "signature-invalid", { image: V2 });
});

describe("endless data and slow retrieval", () => {
  test.each([
    ["an object that is longer than the document says", { image: imageOf(3, 500_000) }, {}],
    ["a body that stops after 100 bytes", { image: V3 }, { body: V3.subarray(0, 100), stall: true }],
    ["a body that stops in the middle", { image: V3 }, { body: V3.subarray(0, 5_000), stall: true }],
    ["a length that is a lie", { image: V3 }, { headers: { "content-length": "9007199254740991" } }],
  ])("%s", async (_what, { image }, fault) => {
    const device = await attackedDevice();
    device.world.server.fault = () => fault;
    await expectRefused(NEXT, /^(size-mismatch|download-failed)$/, { device, image });
    expect(device.world.server.gets.length).toBeLessThan(100);
  });
});

describe("wrong device", () => {
  test.each([
    ["another model", { bc_model: "valve" }, "wrong-model"],
    ["no model at all", { bc_model: undefined }, "wrong-model"],
    [
      "other things",
      { bc_for: Array.from({ length: 100 }, (_, at) => `lab-${at}-${"x".repeat(110)}`) },
      "wrong-thing",
    ],
  ])("a good release for %s", async (_what, more, reason) => {
    const facts = { bc_seq: 11, bc_version: "3.0.0", ...more };
    const document = signedBy(release(V3, facts, 0), ann, bob);
    await expectRefused(JSON.parse(JSON.stringify(document)), reason, { image: V3 });
  });
});

describe("key compromise", () => {
  test.each([
    ["signed by the stolen key", [ann]],
    ["signed by both signing keys, without the root key", [ann, bob]],
    ["signed by the new keys only", [eve]],
  ])("new keys that are %s", async (_what, signers) => {
    const document = signedBy(malicious({ bc_keys: [link(2, [eve], ...signers, eve)] }), eve);
    await expectRefused(document, "signature-invalid");
  });

  test("after the root key replaced them, the stolen keys are worth nothing, in any older document either", async () => {
    const device = await attackedDevice();
    const replaced = { ...link(2, [eve], root), roots: entries(root), rt: 1 };
    const { sig: _, ...statement } = replaced;
    const bc_keys = [linkSignedBy(statement, root)];
    const rotation = signedBy(release(V2, { bc_seq: 10, bc_version: "2.0.0", bc_keys }), eve);
    expect(await device.runs(rotation)).toMatchObject({ status: "SUCCEEDED" });
    for (const document of [NEXT, OLD, signedBy(malicious(), ann, bob)]) {
      expect(await device.runs(document, V3)).toMatchObject({
        status: "FAILED",
        reason: "signature-invalid",
      });
    }
    const { bc_sig: _sig, ...next } = NEXT;
    expect(await device.runs(signedBy(next, eve), V3)).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("fast-forward", () => {
  test("a number far ahead, though both signing keys are stolen", async () => {
    await expectRefused(signedBy(malicious({ bc_seq: 2 ** 52 }), ann, bob), "sequence-refused");
  });

  test("a number far ahead on the image that runs", async () => {
    const device = await attackedDevice();
    const document = signedBy(release(V2, { bc_seq: 2 ** 52, bc_version: "2.0.0" }), ann, bob);
    expect(await device.runs(document)).toMatchObject({ status: "SUCCEEDED" });
    await expectHarmless(device);
  });
});

describe("denial", () => {
  test("a job that is canceled whenever it makes progress", async () => {
    const device = await attackedDevice();
    const { cloud, server } = device.world;
    server.object = V3;
    for (let count = 0; count < 5; count += 1) {
      const execution = cloud.addJob(`next-${count}`, NEXT);
      server.fault = () => {
        if (execution.status === "IN_PROGRESS") cloud.cancel(execution);
        return undefined;
      };
      await device.boot().handle({ force: true, disconnectMqtt: false });
    }
    await expectHarmless(device);
  });

  test("messages that are nonsense, on every topic that the device listens to", async () => {
    const device = await attackedDevice();
    const { cloud } = device.world;
    const boot = device.boot();
    await boot.handle({ force: true });
    for (const payload of [
      "",
      "{",
      "[]",
      "null",
      '{"__proto__":{"jobs":1}}',
      '{"jobs":{"QUEUED":[null]}}',
      "x".repeat(1e5),
    ]) {
      for (const topic of cloud.subscriptions) cloud.send(topic, payload);
      await boot.handle();
    }
    await expectHarmless(device);
  });

  test("ten jobs with all that the schema permits: sixteen links, eight signatures and alternatives, a hundred things", async () => {
    const device = await attackedDevice();
    const keys = Array.from({ length: 16 }, (_, at) => testKey(100 + at));
    const bc_keys = Array.from({ length: 16 }, (_, at) => ({
      ...link(at + 2, keys, ...Array<TestKey>(8).fill(ann)),
      roots: entries(...keys),
      rt: 16,
    }));
    const bc_alt = Array.from({ length: 8 }, (_, at) => {
      const { bc_crc, bc_size, bc_url, bc_sha256 = "" } = malicious();
      return { bc_idx: at + 10, bc_crc, bc_size, bc_url, bc_sha256 };
    });
    const bc_for = Array.from({ length: 100 }, (_, at) => `thing-${at}`);
    const document = signedBy(malicious({ bc_keys, bc_alt, bc_for }), ...Array<TestKey>(8).fill(ann));
    let verifications = 0;
    const { verify } = device.trust;
    device.trust.verify = (...about) => {
      verifications += 1;
      return verify(...about);
    };
    for (let count = 0; count < 10; count += 1) {
      expect(await device.runs(document, MALWARE)).toMatchObject({
        status: "FAILED",
        reason: "signature-invalid",
      });
    }
    expect(verifications).toBeLessThanOrEqual(10 * 16);
    await expectHarmless(device);
  });
});

test("two jobs, one signed and one not, in any order: only the signed one is carried out", async () => {
  for (const order of [
    [NEXT, malicious()],
    [malicious(), NEXT],
  ]) {
    const device = await attackedDevice();
    const { cloud, server } = device.world;
    server.object = V3;
    const jobs = order.map((document, at) => cloud.addJob(`both-${at}`, document));
    for (let boots = 0; boots < 4; boots += 1) await device.boot().handle({ force: true });
    expect(jobs.map(({ status }) => status)).toEqual(
      order.map((one) => (one === NEXT ? "SUCCEEDED" : "FAILED")),
    );
    expectRuns(device, V3);
  }
});

test("documents that only look like those of fota are handed over, and change nothing", async () => {
  const device = await attackedDevice();
  const seen: unknown[] = [];
  device.world.cloud.addJob("attack", { ...documentOf(MALWARE, 0), operation: "fota2" });
  await device.boot().handle({ force: true, jobCallback: (job) => void seen.push(job.jobId) });
  expect(seen).toEqual(["attack"]);
  await expectHarmless(device);
});
