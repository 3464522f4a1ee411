import type { KeySetLink } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { keysOf, linkSignedBy, signedBy, type TestKey, testKey } from "../../shared/test/signing.js";
import { createTrust } from "../src/trust.js";
import { ann, bob, eve, release, root, TrustedDevice, V1, V2, V3 } from "./trusted-device.js";

// A device with trusted keys, against someone who has the cloud: documents, objects, messages and the clock.

const REFUSED = { status: "FAILED", runs: V1 };

describe("who signed it comes before everything else", () => {
  test("an unsigned document learns nothing about the device, whatever else is wrong with it", async () => {
    const device = new TrustedDevice();
    for (const more of [{ bc_model: "other" }, { bc_min: "9.0.0" }, { bc_exp: 1 }, { bc_version: "0.1.0" }]) {
      const told = await device.runs(release(V2, more), V2, { overrides: { wallClockMs: () => 2e12 } });
      expect(told).toEqual({
        ...REFUSED,
        reason: "signature-invalid",
        expected: undefined,
        actual: undefined,
      });
    }
  });

  test("a stolen key below the threshold is not enough", async () => {
    const device = new TrustedDevice({ keys: keysOf(ann, bob), threshold: 2 });
    for (const keys of [[eve], [ann], [ann, ann], [ann, eve], [ann, testKey(1, "bob")]]) {
      expect(await device.runs(signedBy(release(V2), ...keys))).toMatchObject({
        ...REFUSED,
        reason: "signature-invalid",
      });
    }
    expect(await device.runs(signedBy(release(V2), ann, bob))).toMatchObject({
      status: "SUCCEEDED",
      runs: V2,
    });
  });

  test("a signed document without a model is refused by a device that has one", async () => {
    const { bc_model: _, ...document } = release(V2);
    expect(await new TrustedDevice().runs(signedBy(document, ann))).toMatchObject({
      ...REFUSED,
      reason: "wrong-model",
    });
  });

  test("a signed document for other things is refused", async () => {
    const device = new TrustedDevice();
    const { thingName } = device.world.cloud;
    expect(await device.runs(signedBy(release(V2, { bc_for: ["lab-1"] }), ann))).toMatchObject({
      ...REFUSED,
      reason: "wrong-thing",
      expected: "lab-1",
      actual: thingName,
    });
    expect(await device.runs(signedBy(release(V2, { bc_for: ["lab-1", thingName] }), ann))).toMatchObject({
      status: "SUCCEEDED",
    });
  });

  test("an execution that is already IN_PROGRESS is no way around the signature", async () => {
    const device = new TrustedDevice();
    const execution = device.world.cloud.addJob("job-x", release(V1));
    execution.status = "IN_PROGRESS";
    await device.boot().handle({ force: true });
    expect(execution).toMatchObject({ status: "FAILED", statusDetails: { reason: "signature-invalid" } });
  });

  test("Fota.test takes no unsigned document, even for an image that is in the slot", async () => {
    const device = new TrustedDevice();
    const { fota } = device.boot();
    expect(await device.world.clock.run(fota.update(signedBy(release(V2), ann)))).toBe(true);
    await expect(fota.test(release(V2))).rejects.toThrow("not signed");
    await expect(fota.test(signedBy(release(V2), ann))).resolves.toBeUndefined();
  });
});

describe("old documents", () => {
  test("an older version is refused, unless its signers allowed it", async () => {
    const device = new TrustedDevice();
    device.version = "3.0.0";
    expect(await device.runs(signedBy(release(V2), ann))).toMatchObject({ ...REFUSED, reason: "downgrade" });
    const forged = { ...signedBy(release(V2), ann), bc_down: true as const };
    expect(await device.runs(forged)).toMatchObject({ ...REFUSED, reason: "signature-invalid" });
    const allowed = signedBy(release(V2, { bc_down: true }), ann);
    expect(await device.runs(allowed)).toMatchObject({ status: "SUCCEEDED", runs: V2 });
  });

  test("a confirmed sequence number refuses lower ones, and documents without one", async () => {
    const device = new TrustedDevice();
    const old = signedBy(release(V1, { bc_seq: 4, bc_down: true }, 0), ann);
    expect((await device.runs(signedBy(release(V2, { bc_seq: 5 }), ann))).status).toBe("SUCCEEDED");
    expect(await device.runs(old, V1)).toMatchObject({
      status: "FAILED",
      reason: "sequence-refused",
      expected: "at least 5",
      actual: "4",
      runs: V2,
    });
    const { bc_seq: _, ...unnumbered } = release(V3, { bc_version: "3.0.0" }, 0);
    expect(await device.runs(signedBy(unnumbered, ann), V3)).toMatchObject({
      reason: "sequence-refused",
      actual: "none",
    });
    const next = signedBy(release(V3, { bc_seq: 6, bc_version: "3.0.0" }, 0), ann);
    expect(await device.runs(next, V3)).toMatchObject({ status: "SUCCEEDED", runs: V3 });
  });

  test("a release that fails on trial raises nothing, so the fixed one may have any number in between", async () => {
    const device = new TrustedDevice();
    const bad = signedBy(release(V2, { bc_seq: 9 }), ann);
    expect(await device.runs(bad, V2, { selfTest: () => false })).toMatchObject({
      ...REFUSED,
      reason: "self-test-failed",
    });
    expect((await device.runs(signedBy(release(V3, { bc_seq: 8 }), ann), V3)).status).toBe("SUCCEEDED");
  });

  test("another image with the number of the confirmed release is refused; the same one is fine", async () => {
    const device = new TrustedDevice();
    const confirmed = signedBy(release(V2, { bc_seq: 5 }), ann);
    expect((await device.runs(confirmed)).status).toBe("SUCCEEDED");
    const other = signedBy(release(V3, { bc_seq: 5, bc_version: "3.0.0" }, 0), ann);
    expect(await device.runs(other, V3)).toMatchObject({
      reason: "sequence-refused",
      expected: "at least 6",
    });
    const again = await device.runs(confirmed);
    expect(again).toMatchObject({ status: "SUCCEEDED", runs: V2 });
  });

  test("a running image that is signed again with a higher number counts, without touching flash", async () => {
    const device = new TrustedDevice();
    const boot = device.boot();
    device.world.cloud.addJob("again", signedBy(release(V1, { bc_seq: 7 }), ann));
    await boot.handle({ force: true });
    expect(boot.power.trace.filter((call) => /slots\.(erase|write|attempt)/.test(call))).toEqual([]);
    expect(await device.runs(signedBy(release(V2, { bc_seq: 6 }), ann))).toMatchObject({
      reason: "sequence-refused",
    });
  });

  test("a number far ahead needs the root keys: a thief of the signing key cannot use up the numbers", async () => {
    const device = new TrustedDevice({ rootKeys: keysOf(root) });
    const far = release(V2, { bc_seq: 2 ** 40 });
    expect(await device.runs(signedBy(far, ann))).toMatchObject({
      ...REFUSED,
      reason: "sequence-refused",
      expected: "at most 1048576",
    });
    expect(await device.runs(signedBy(far, ann, root))).toMatchObject({ status: "SUCCEEDED" });
    const alone = new TrustedDevice();
    expect(await alone.runs(signedBy(far, ann))).toMatchObject({ reason: "sequence-refused" });
  });

  test("the number of the firmware and a counter in hardware count as well", async () => {
    const built = new TrustedDevice({ seq: 20 });
    expect(await built.runs(signedBy(release(V2, { bc_seq: 19 }), ann))).toMatchObject({
      reason: "sequence-refused",
      expected: "at least 20",
    });
    let fuses = 30;
    const counter = {
      read: async () => fuses,
      raise: async (value: number) => {
        fuses = Math.max(fuses, value);
      },
    };
    const fused = new TrustedDevice({ counter });
    expect(await fused.runs(signedBy(release(V2, { bc_seq: 29 }), ann))).toMatchObject({
      reason: "sequence-refused",
    });
    expect((await fused.runs(signedBy(release(V2, { bc_seq: 31 }), ann))).status).toBe("SUCCEEDED");
    expect(fuses).toBe(31);
    fused.world.flash.trust = undefined; // someone who has the device can replace its files
    const old = signedBy(release(V1, { bc_seq: 30, bc_down: true }, 0), ann);
    expect(await fused.runs(old, V1)).toMatchObject({ reason: "sequence-refused", expected: "at least 31" });
  });
});

describe("time", () => {
  const expired = signedBy(release(V2, { bc_exp: 1_700_000_000 }), ann);

  test("a clock that was set back does not revive an expired document of before the build", async () => {
    const device = new TrustedDevice({ builtAt: 1_750_000_000 });
    const told = await device.runs(expired, V2, { overrides: { wallClockMs: () => 0 } });
    expect(told).toMatchObject({ ...REFUSED, reason: "order-expired", actual: "1750000000" });
  });

  test("the time of the newest confirmed signature is the earliest present", async () => {
    const device = new TrustedDevice();
    const signed = signedBy(release(V2, { bc_at: 1_800_000_000 }), ann);
    expect((await device.runs(signed)).status).toBe("SUCCEEDED");
    const old = signedBy(release(V3, { bc_version: "3.0.0", bc_exp: 1_790_000_000 }, 0), ann);
    expect(await device.runs(old, V3)).toMatchObject({ reason: "order-expired", actual: "1800000000" });
  });
});

describe("keys change", () => {
  const entries = (...keys: TestKey[]) => keys.map(({ id, publicKey }): [string, string] => [id, publicKey]);
  const link = (v: number, keys: TestKey[], ...signers: TestKey[]): KeySetLink =>
    linkSignedBy({ v, t: 1, keys: entries(...keys) }, ...signers);

  test("a document that carries new keys is judged by them, and so is every later one", async () => {
    const device = new TrustedDevice();
    const carrying = release(V2, { bc_keys: [link(2, [bob], ann, bob)] });
    expect(await device.runs(signedBy(carrying, ann))).toMatchObject({
      ...REFUSED,
      reason: "signature-invalid",
    });
    expect((await device.runs(signedBy(carrying, bob))).status).toBe("SUCCEEDED");
    const next = release(V3, { bc_version: "3.0.0" }, 0);
    expect(await device.runs(signedBy(next, ann), V3)).toMatchObject({ reason: "signature-invalid" });
    expect((await device.runs(signedBy(next, bob), V3)).status).toBe("SUCCEEDED");
  });

  test("a refused document leaves the keys as they are", async () => {
    const device = new TrustedDevice();
    const refused = release(V2, { bc_keys: [link(2, [bob], ann, bob)], bc_min: "9.0.0" });
    expect(await device.runs(signedBy(refused, bob))).toMatchObject({ reason: "version-too-low" });
    expect((await device.runs(signedBy(release(V2), ann))).status).toBe("SUCCEEDED");
  });

  test("keys that the old ones did not sign are refused", async () => {
    const carrying = signedBy(release(V2, { bc_keys: [link(2, [eve], eve)] }), eve);
    expect(await new TrustedDevice().runs(carrying)).toMatchObject({
      ...REFUSED,
      reason: "signature-invalid",
    });
  });

  test("a new key set can set the sequence number back, after a thief used up the numbers", async () => {
    const device = new TrustedDevice({ seq: 1_000_000 });
    const reset = linkSignedBy({ v: 2, t: 1, keys: entries(bob), seq: 10 }, ann, bob);
    const carrying = signedBy(release(V2, { bc_keys: [reset], bc_seq: 10 }), bob);
    expect((await device.runs(carrying)).status).toBe("SUCCEEDED");
  });

  test("newer firmware brings its own keys; older firmware keeps those that it was given", async () => {
    const device = new TrustedDevice();
    const carrying = release(V2, { bc_keys: [link(2, [bob], ann, bob)] });
    expect((await device.runs(signedBy(carrying, bob))).status).toBe("SUCCEEDED");
    device.trust.keys = keysOf(eve); // an old image with other keys: version 1, below the saved 2
    expect(await device.runs(signedBy(release(V3, { bc_version: "3.0.0" }, 0), eve), V3)).toMatchObject({
      reason: "signature-invalid",
    });
    device.trust.keysVersion = 3;
    expect((await device.runs(signedBy(release(V3, { bc_version: "3.0.0" }, 0), eve), V3)).status).toBe(
      "SUCCEEDED",
    );
  });
});

describe("a fleet on its way to signed documents", () => {
  test("takes unsigned documents with allowUnsigned, but none with a wrong signature", async () => {
    const device = new TrustedDevice({ allowUnsigned: true });
    expect(await device.runs(signedBy(release(V2), eve))).toMatchObject({ reason: "signature-invalid" });
    expect((await device.runs(release(V2))).status).toBe("SUCCEEDED");
  });

  test("an unsigned document raises no number", async () => {
    const device = new TrustedDevice({ allowUnsigned: true });
    expect((await device.runs(release(V2, { bc_seq: 900 }))).status).toBe("SUCCEEDED");
    const signed = signedBy(release(V3, { bc_seq: 1, bc_version: "3.0.0" }, 0), ann);
    expect((await device.runs(signed, V3)).status).toBe("SUCCEEDED");
  });
});

test("a trust state that is lost or torn is told in the log, and the built-in keys count", async () => {
  for (const text of [
    "",
    "{",
    "[]",
    '{"version":1,"keySet":{"version":9,"threshold":1,"keys":{"a":"AAAA"}}}',
  ]) {
    const device = new TrustedDevice();
    device.world.flash.trust = text;
    expect((await device.runs(signedBy(release(V2), ann))).status).toBe("SUCCEEDED");
    if (!text.includes("keySet"))
      expect(device.world.logged.join("\n")).toContain("THE SAVED TRUST STATE IS LOST");
  }
});

test("a device that cannot save what it must not forget touches no slot", async () => {
  const device = new TrustedDevice();
  const { fota: _, ...boot } = device.boot({
    overrides: {
      trust: createTrust({
        ...device.trust,
        store: {
          load: async () => undefined,
          save: async () => {
            throw new Error("disk full");
          },
        },
      }),
    },
  });
  const execution = device.world.cloud.addJob("job-1", signedBy(release(V2, { bc_seq: 5 }), ann));
  await boot.handle({ force: true });
  expect(boot.power.trace).not.toContain("slots.erase");
  expect(execution.status).toBe("QUEUED");
});
