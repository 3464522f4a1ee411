import type { KeySet, KeySetLink } from "@fota/shared";
import { describe, expect, test } from "vitest";
import {
  keysOf,
  linkSignedBy,
  nodeVerify,
  signedBy,
  type TestKey,
  testKey,
} from "../../shared/test/signing.js";
import { nodeClock } from "../src/node/host.js";
import { createTrust } from "../src/trust.js";
import { ann, bob, release, root, TrustedDevice, V1, V2, V3 } from "./trusted-device.js";

// What nobody plans: two jobs at once, power cuts in between, ports that answer late, wrongly or never.

const OLDER = { bc_version: "1.0.0", bc_down: true };
const entries = (...keys: TestKey[]) => keys.map(({ id, publicKey }): [string, string] => [id, publicKey]);

function link(v: number, keys: TestKey[], signers: TestKey[], more: Partial<KeySetLink> = {}): KeySetLink {
  return linkSignedBy({ v, t: 1, keys: entries(...keys), ...more }, ...signers);
}

/** What the device saved of signed documents. */
function savedBy(device: TrustedDevice) {
  return JSON.parse(device.world.flash.trust ?? "{}");
}

describe("documents of an image that runs already", () => {
  test("cannot use up the sequence numbers", async () => {
    const device = new TrustedDevice({ rootKeys: keysOf(root) });
    const stolen = signedBy(release(V1, { ...OLDER, bc_seq: 2 ** 52 }, 0), ann);
    expect((await device.runs(stolen)).status).toBe("SUCCEEDED");
    const execution = device.world.cloud.addJob("in-progress", stolen);
    execution.status = "IN_PROGRESS";
    await device.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect((await device.runs(signedBy(release(V2, { bc_seq: 5 }), ann))).status).toBe("SUCCEEDED");
    expect(savedBy(device).seq).toBe(5);
  });

  test("for another thing change nothing that the device keeps", async () => {
    const device = new TrustedDevice();
    const execution = device.world.cloud.addJob(
      "x",
      signedBy(release(V1, { bc_for: ["lab-1"], bc_seq: 90 }, 0), ann),
    );
    execution.status = "IN_PROGRESS";
    await device.boot().handle({ force: true });
    expect(device.world.flash.trust).toBeUndefined();
  });
});

describe("two jobs at once", () => {
  /** Defers the download of job-1 until `release` is called. */
  function busyOwner() {
    let isBusy = true;
    return {
      hooks: { beforeDownload: () => (isBusy ? ({ deferMs: 1_000 } as const) : ("allow" as const)) },
      release: () => {
        isBusy = false;
      },
    };
  }

  test.each([
    ["signed", signedBy(release(V1, { ...OLDER, bc_seq: 3 }, 0), ann)],
    ["signed, for another image", signedBy(release(V3, { bc_seq: 3 }), ann)],
    ["unsigned", release(V3, { bc_seq: 3 })],
  ])("a job that is %s does not take the number of the one that a hook defers", async (_what, other) => {
    const device = new TrustedDevice();
    const owner = busyOwner();
    const first = device.world.cloud.addJob("job-1", signedBy(release(V2, { bc_seq: 5 }), ann));
    const boot = device.boot(owner.hooks);
    await boot.handle({ force: true });
    device.world.cloud.addJob("job-2", other);
    await boot.handle({ force: true });
    owner.release();
    await device.world.clock.run(device.world.clock.sleep(2_000));
    expect(await boot.handle()).toBe("power-cut");
    device.version = "2.0.0";
    await device.boot().handle({ force: true });
    expect(first.status).toBe("SUCCEEDED");
    expect(savedBy(device).seq).toBe(5);
  });

  test("a job that is replaced while a hook defers it is not carried out", async () => {
    const device = new TrustedDevice();
    const owner = busyOwner();
    const first = device.world.cloud.addJob("job-1", signedBy(release(V2, { bc_seq: 5 }), ann));
    const boot = device.boot(owner.hooks);
    await boot.handle({ force: true });
    first.document = release(V3);
    await boot.handle({ force: true }); // a notification while the owner still waits
    owner.release();
    await device.world.clock.run(device.world.clock.sleep(2_000));
    await boot.handle();
    await device.boot().handle({ force: true });
    expect(device.world.flash.running).toMatchObject({ image: V1, confirmed: true });
  });
});

describe("an application that updates, tests and confirms by itself", () => {
  test("a power cut right after the confirm of the slot loses no number", async () => {
    const device = new TrustedDevice();
    const document = signedBy(release(V2, { bc_seq: 5 }), ann);
    const { fota } = device.boot();
    expect(await device.world.clock.run(fota.update(document))).toBe(true);
    await fota.test(document);
    device.version = "2.0.0";
    const trial = device.boot();
    await trial.device.slots.accept(); // the power fails before `confirm` saves anything else
    const old = signedBy(release(V1, { ...OLDER, bc_seq: 4 }, 0), ann);
    expect(await device.runs(old, V1)).toMatchObject({ reason: "sequence-refused", runs: V2 });
  });

  test("test takes no old document, though its image is still in the other slot", async () => {
    const device = new TrustedDevice();
    expect((await device.runs(signedBy(release(V2, { bc_seq: 5 }), ann))).status).toBe("SUCCEEDED");
    const { fota } = device.boot();
    for (const old of [
      { ...OLDER, bc_seq: 4 },
      { bc_version: "1.0.0", bc_seq: 6 },
      { bc_seq: 6, bc_model: "tap" },
    ]) {
      await expect(fota.test(signedBy(release(V1, old, 0), ann))).rejects.toMatchObject({
        code: "DOCUMENT_INVALID",
      });
    }
    expect(device.world.flash.record.currentSlot).toBe(1);
  });
});

describe("a sequence number that root keys set back", () => {
  const reset = (seq: number) => link(2, [bob], [ann, bob], { seq });

  test("stays back, though the firmware has a higher one built in", async () => {
    const device = new TrustedDevice({ seq: 1_000_000 });
    const carrying = signedBy(release(V2, { bc_keys: [reset(10)], bc_seq: 10 }), bob);
    const failed = await device.runs(carrying, V2, { selfTest: () => false });
    expect(failed).toMatchObject({ reason: "self-test-failed", runs: V1 });
    expect((await device.runs(signedBy(release(V3, { bc_seq: 11 }), bob), V3)).status).toBe("SUCCEEDED");
  });

  test("also sets back a time that a thief signed far ahead", async () => {
    const device = new TrustedDevice();
    const poison = signedBy(release(V1, { ...OLDER, bc_at: 2 ** 50 }, 0), ann);
    expect((await device.runs(poison)).status).toBe("SUCCEEDED");
    const carrying = release(V2, { bc_keys: [reset(10)], bc_seq: 10 });
    expect((await device.runs(signedBy(carrying, bob))).status).toBe("SUCCEEDED");
    const next = release(V3, { bc_version: "3.0.0", bc_seq: 11, bc_exp: 2_000_000_000 }, 0);
    expect((await device.runs(signedBy(next, bob), V3)).status).toBe("SUCCEEDED");
  });
});

describe("ports that misbehave", () => {
  const good = signedBy(release(V2, { bc_seq: 5 }), ann);

  test("a verification that never ends leaves the job for a later pass", async () => {
    const device = new TrustedDevice({ verify: () => new Promise(() => {}) });
    const execution = device.world.cloud.addJob("job-1", good);
    const boot = device.boot();
    await boot.handle({ force: true });
    expect(execution.status).toBe("QUEUED");
    expect(
      await device.world.clock.run(boot.fota.update(good).catch((error: Error) => error.message)),
    ).toMatch(/verif/);
    device.trust.verify = nodeVerify;
    expect((await device.runs(good)).status).toBe("SUCCEEDED");
  });

  test.each([
    ["document", good],
    ["key set", signedBy(release(V2, { bc_keys: [link(2, [bob], [ann, bob])] }), bob)],
    ["number far ahead", signedBy(release(V2, { bc_seq: 2 ** 30 }), ann, root)],
  ])(
    "a verification of a %s that fails for a while leaves the job for a later pass",
    async (_what, document) => {
      const device = new TrustedDevice({ rootKeys: keysOf(ann, root), rootThreshold: 1 });
      let faults = 3;
      device.trust.verify = (...about) => {
        if (faults > 0 && faults--) throw new Error("bus error");
        return nodeVerify(...about);
      };
      const execution = device.world.cloud.addJob("job-1", document);
      for (let passes = 0; passes < 3; passes += 1) {
        await device.boot().handle({ force: true });
        expect(execution.status).toBe("QUEUED");
      }
      expect(device.world.logged.join("\n")).toContain("bus error");
      device.world.cloud.executions.length = 0;
      expect((await device.runs(document)).status).toBe("SUCCEEDED");
    },
  );

  test("a verification that always fails ends the job with its error, and does not hold up the jobs behind it", async () => {
    const device = new TrustedDevice();
    const unreadable = signedBy(release(V2, { bc_seq: 4 }), ann);
    device.trust.verify = (key, message, signature) => {
      if (message.includes("seq 4\n")) throw new Error("bus error");
      return nodeVerify(key, message, signature);
    };
    const first = device.world.cloud.addJob("unreadable", unreadable);
    const next = device.world.cloud.addJob("next", good);
    device.world.server.object = V2;
    const boot = device.boot();
    for (let passes = 0; passes < 4; passes += 1) await boot.handle({ force: true });
    expect(first).toMatchObject({ status: "FAILED", statusDetails: { reason: "signature-invalid" } });
    expect(first.statusDetails["detail"]).toContain("bus error");
    device.version = "2.0.0";
    await device.boot().handle({ force: true });
    expect(next.status).toBe("SUCCEEDED");
  });

  test("a verification that fails for the root key only ends the job, too", async () => {
    const device = new TrustedDevice({ rootKeys: keysOf(root) });
    device.trust.verify = (key, ...about) => {
      if (key === root.publicKey) throw new Error("bus error");
      return nodeVerify(key, ...about);
    };
    const ahead = signedBy(release(V2, { bc_seq: 2 ** 30 }), ann, root);
    const execution = device.world.cloud.addJob("ahead", ahead);
    const boot = device.boot();
    for (let passes = 0; passes < 4; passes += 1) await boot.handle({ force: true });
    expect(execution).toMatchObject({ status: "FAILED", statusDetails: { reason: "sequence-refused" } });
    expect(execution.statusDetails["detail"]).toContain("bus error");
  });

  test("a counter that never answers leaves the job for a later pass", async () => {
    const device = new TrustedDevice({
      counter: { read: () => new Promise(() => {}), raise: async () => {} },
    });
    const execution = device.world.cloud.addJob("job-1", good);
    await device.boot().handle({ force: true });
    expect(execution.status).toBe("QUEUED");
    device.trust.counter = { read: async () => 0, raise: () => new Promise(() => {}) };
    expect(await device.boot().handle({ force: true })).toBe("power-cut");
    await device.boot().handle({ force: true });
    expect(execution.status, "the confirm is repeated later").toBe("IN_PROGRESS");
    device.trust.counter = { read: async () => 0, raise: async () => {} };
    await device.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
  });

  test.each([1, -1, "no", {}])(
    "a verification that answers %j instead of true verifies nothing",
    async (answer) => {
      const device = new TrustedDevice({ verify: () => answer as never });
      expect(await device.runs(good)).toMatchObject({ reason: "signature-invalid", runs: V1 });
    },
  );

  test.each([Number.NaN, "7", -1, 0.5, null])("a counter that reads %j accepts nothing", async (count) => {
    const counter = { read: async () => count as never, raise: async () => {} };
    const device = new TrustedDevice({ counter, rootKeys: keysOf(root) });
    const execution = device.world.cloud.addJob("job-1", signedBy(release(V2, { bc_seq: 5 }), ann, root));
    await device.boot().handle({ force: true });
    expect(execution.status).toBe("QUEUED");
    expect(device.world.logged.join("\n")).toContain("counter");
  });

  test("a counter that forgets does not lower the saved number", async () => {
    const device = new TrustedDevice({ counter: { read: async () => 0, raise: async () => {} } });
    expect((await device.runs(good)).status).toBe("SUCCEEDED");
    const old = signedBy(release(V1, { ...OLDER, bc_seq: 4 }, 0), ann);
    expect(await device.runs(old, V1)).toMatchObject({ reason: "sequence-refused" });
  });

  test("a counter that can be raised no more does not end all updates", async () => {
    const raised: number[] = [];
    const counter = {
      read: async () => 0,
      raise: async (value: number) => {
        raised.push(value);
        if (value < 7) throw new Error("all fuses are blown");
      },
    };
    const device = new TrustedDevice({ counter });
    expect((await device.runs(good)).status).toBe("SUCCEEDED");
    expect(device.world.logged.join("\n")).toContain("all fuses are blown");
    const old = signedBy(release(V1, { ...OLDER, bc_seq: 4 }, 0), ann);
    expect(await device.runs(old, V1)).toMatchObject({ reason: "sequence-refused" });
    expect(raised, "each document is one more attempt").toEqual([5, 5]);
    const next = signedBy(release(V3, { bc_version: "3.0.0", bc_seq: 7 }, 0), ann);
    expect((await device.runs(next, V3)).status).toBe("SUCCEEDED");
    expect(savedBy(device)).toMatchObject({ seq: 7 });
    expect(savedBy(device).pending).toBeUndefined();
  });

  const images = [{ sizeBytes: 1, md5: "", sha256: "" }];
  const sets = [ann, bob].map((key, at) => ({ version: at + 1, keys: keysOf(key), threshold: 1 }));
  const [old, changed] = sets as [KeySet, KeySet];

  /** A store whose first load waits for `answer`. */
  function lateStore() {
    let [saved, loads] = [undefined as string | undefined, 0];
    let answer = () => {};
    const first = new Promise<string | undefined>((resolve) => {
      answer = () => resolve(undefined);
    });
    const store = {
      load: () => (++loads === 1 ? first : Promise.resolve(saved)),
      save: async (text: string) => {
        saved = text;
      },
    };
    return { store, answer: () => answer(), saved: () => JSON.parse(saved ?? "{}") };
  }

  test("a store that answers late does not undo what was saved meanwhile", async () => {
    const { store, answer, saved } = lateStore();
    const guard = createTrust({ keys: keysOf(ann), verify: nodeVerify, store }).guard(() => {}, nodeClock);
    const asked = guard.rules();
    const accepted = guard.accept({ set: changed, resetSeq: undefined, confirmable: { images } });
    await new Promise(setImmediate);
    answer();
    await Promise.all([asked, accepted]);
    await guard.accept({ set: old, resetSeq: undefined, confirmable: { images, seq: 6 } });
    expect(saved()).toMatchObject({ keySet: { version: 2 }, pending: { seq: 6 } });
  });

  test("two users of one device know the same: an agent, and a Fota that only confirms", async () => {
    const { store, answer, saved } = lateStore();
    answer();
    const trust = createTrust({ keys: keysOf(ann), verify: nodeVerify, store });
    const [agent, application] = [trust.guard(() => {}, nodeClock), trust.guard(() => {}, nodeClock)];
    await agent.accept({ set: old, resetSeq: undefined, confirmable: { images, seq: 5 } });
    await application.confirm(async () => true);
    await agent.accept({ set: old, resetSeq: undefined, confirmable: { images, seq: 6 } });
    expect(saved()).toMatchObject({ seq: 5, pending: { seq: 6 } });
  });

  test("a confirm that is slow does not undo keys that a document brings meanwhile", async () => {
    const { store, answer, saved } = lateStore();
    answer();
    let finishRaise = () => {};
    const raised = new Promise<void>((resolve) => {
      finishRaise = resolve;
    });
    const counter = { read: async () => 0, raise: () => raised };
    const guard = createTrust({ keys: keysOf(ann), verify: nodeVerify, store, counter }).guard(
      () => {},
      nodeClock,
    );
    await guard.accept({ set: old, resetSeq: undefined, confirmable: { images, seq: 5 } });
    const confirmed = guard.confirm(async () => true);
    const accepted = guard.accept({ set: changed, resetSeq: undefined, confirmable: { images, seq: 6 } });
    await new Promise(setImmediate);
    finishRaise();
    await Promise.all([confirmed, accepted]);
    expect(saved()).toMatchObject({ seq: 5, keySet: { version: 2 }, pending: { seq: 6 } });
  });
});

test.each([
  ["keySet", { version: 2, keys: {}, threshold: 0 }],
  ["seq", "7"],
  ["pending", { images: [1] }],
])("a saved %s that is not valid is ignored, and the log says so", async (name, value) => {
  const device = new TrustedDevice();
  device.world.flash.trust = JSON.stringify({ version: 1, [name]: value });
  device.world.cloud.addJob("job-1", release(V2));
  await device.boot().handle({ force: true });
  expect(device.world.logged.join("\n")).toContain(`${name} in the saved trust state is not valid`);
});

describe("key sets", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "a key may have the id %s",
    async (id) => {
      const key = testKey(9, id);
      const device = new TrustedDevice();
      const carrying = release(V2, { bc_keys: [link(2, [key], [ann, key])] });
      expect((await device.runs(signedBy(carrying, key))).status).toBe("SUCCEEDED");
      const next = release(V3, { bc_version: "3.0.0" }, 0);
      expect(await device.runs(signedBy(next, ann), V3)).toMatchObject({ reason: "signature-invalid" });
      expect(await device.runs(signedBy(next, testKey(8, id)), V3)).toMatchObject({
        reason: "signature-invalid",
      });
      expect((await device.runs(signedBy(next, key), V3)).status).toBe("SUCCEEDED");
      expect(({} as Record<string, unknown>)[key.publicKey]).toBeUndefined();
    },
  );

  test("sixteen links lead an old device to the newest keys, and fifteen of them do not", async () => {
    const keys = Array.from({ length: 17 }, (_, index) => testKey(20 + index));
    const links = keys.slice(1).map((key, index) => link(index + 2, [key], [keys[index] ?? ann, key]));
    const last = keys.at(-1) ?? ann;
    const device = new TrustedDevice({ keys: keysOf(keys[0] ?? ann) });
    for (const gap of [0, 7, 14]) {
      const cut = links.filter((_, index) => index !== gap);
      expect(await device.runs(signedBy(release(V2, { bc_keys: cut }), last))).toMatchObject({
        reason: "signature-invalid",
        runs: V1,
      });
    }
    expect((await device.runs(signedBy(release(V2, { bc_keys: links }), last))).status).toBe("SUCCEEDED");
  });
});

test("JSON with __proto__ keys changes no fact and no prototype", async () => {
  const device = new TrustedDevice({ allowUnsigned: false });
  const text = JSON.stringify(release(V3)).replace(
    "{",
    '{"__proto__":{"bc_sig":[{"key":"ann","sig":"x"}],"bc_down":true},',
  );
  expect(await device.runs(JSON.parse(text), V3)).toMatchObject({ reason: "signature-invalid", runs: V1 });
  const signed = JSON.stringify(signedBy(release(V2), ann));
  const doped = signed.replace("{", '{"__proto__":{"bc_idx":0,"bc_seq":99,"bc_size":1},');
  expect(await device.runs(JSON.parse(doped))).toMatchObject({ status: "SUCCEEDED", runs: V2 });
  expect(savedBy(device).seq).toBeUndefined();
  expect(({} as Record<string, unknown>)["bc_seq"]).toBeUndefined();
});
