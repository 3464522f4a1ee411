import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobDocument } from "@fota/shared";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keysOf, linkSignedBy, signedBy, type TestKey } from "../../shared/test/signing.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower, type Launcher } from "./boot-device.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { ann, bob, eve, release, root } from "./trusted-device.js";

// The attacks of adversary.test.ts over the real wire: one device under fota-boot, MQTT and HTTP of the stand-in. The
// thief has the cloud and ann's key; the device demands ann and bob. The tests build on each other.

const NOW_SECONDS = Math.floor(Date.now() / 1000);

let standIn: StandIn;
let device: StandInDevice;
let launcher: Launcher;
/** The version that the device must run. */
let owned = "1.0.0";

beforeAll(async () => {
  standIn = await StandIn.start();
  const bundled = await build({
    entryPoints: [join(import.meta.dirname, "trust-agent.ts")],
    write: false,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    conditions: ["@fota/source", "module"],
    mainFields: ["module", "main"],
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "warning",
  });
  const program = bundled.outputFiles[0]?.text ?? "";
  for (const version of ["1.0.0", "2.0.0", "3.0.0", "6.6.6"]) {
    await writeFile(standIn.imagePath(version), program.replaceAll("@VERSION@", version), { mode: 0o755 });
  }
  const trust = { keys: keysOf(ann, bob), threshold: 2, rootKeys: keysOf(root) };
  device = await standIn.makeDevice("1.0.0", { FOTA_TRUST: JSON.stringify(trust) });
  launcher = device.boot.launch();
});
afterAll(async () => {
  await cutPower(launcher);
  await device.boot.dispose();
  await standIn.stop();
});

/** Returns the document of `version` for each slot. `object` lies at the URL in its place. */
async function documentOf(version: string, facts: object = {}, object?: Uint8Array): Promise<JobDocument> {
  const image = await readFile(standIn.imagePath(version));
  const bc_url = await standIn.upload(object ?? image);
  const { bc_crc, bc_size, bc_sha256 = "" } = release(image);
  const bc_alt = [{ bc_idx: 1, bc_crc, bc_size, bc_url, bc_sha256 }];
  return { ...release(image, { bc_url, bc_version: version, ...facts }, 0), bc_alt };
}

/** Publishes a document, and waits until the device has reported the end of the job. */
async function runs(document: object) {
  const jobId = await standIn.createJobWith(document, device.thingName);
  for (;;) {
    const more = once(launcher.process.stdout as NodeJS.ReadableStream, "data");
    const { status, statusDetails } = await standIn.executionOf(jobId, device.thingName);
    if (status !== "QUEUED" && status !== "IN_PROGRESS") {
      return { status, reason: statusDetails?.detailsMap?.["reason"] };
    }
    await more;
  }
}

/** Checks that the device runs what its owner released last, confirmed. */
async function expectOwned(): Promise<void> {
  const record = await readBootRecord(device.boot.dir);
  expect(record?.currentSlot).toBe(record?.workingSlot);
  expect(await standIn.holds(device, record?.currentSlot ?? -1, owned)).toBe(true);
}

async function expectRefused(document: object, reason: string): Promise<void> {
  expect(await runs(document)).toEqual({ status: "FAILED", reason });
  await expectOwned();
}

async function expectInstalled(version: string, facts: object): Promise<void> {
  const document = signedBy(await documentOf(version, facts), ann, bob);
  expect(await runs(document)).toMatchObject({ status: "SUCCEEDED" });
  await launcher.says(new RegExp(`version ${version} is idle`));
  owned = version;
  await expectOwned();
}

/** Returns what the device must not forget. */
async function known() {
  const saved = JSON.parse(await readFile(join(device.boot.dir, "fota-trust.json"), "utf8"));
  const { seq, sha256, timeSeconds, keySet } = saved;
  return { seq, sha256, timeSeconds, keySet };
}

/** The owner's next release, which the thief may withhold, alter or deliver late. */
async function nextRelease(facts: object = {}, object?: Uint8Array): Promise<JobDocument> {
  return signedBy(await documentOf("3.0.0", { bc_seq: 11, ...facts }, object), ann, bob);
}

const link = (...signers: TestKey[]) =>
  linkSignedBy({ v: 2, t: 1, keys: [[eve.id, eve.publicKey]] }, ...signers);

test("the owner's release arrives", async () => {
  await expectInstalled("2.0.0", { bc_seq: 10, bc_at: NOW_SECONDS + 1_000 });
});

test("arbitrary software", async () => {
  const malware = await documentOf("6.6.6", { bc_seq: 11 });
  await expectRefused(malware, "signature-invalid");
  await expectRefused(signedBy(malware, ann), "signature-invalid");
  const good = await readFile(standIn.imagePath("3.0.0"));
  await expectRefused(await nextRelease({}, Buffer.alloc(good.length, 66)), "digest-mismatch");
});

test("rollback", async () => {
  const old = await documentOf("1.0.0", { bc_seq: 4, bc_down: true });
  await expectRefused(signedBy(old, ann, bob), "sequence-refused");
});

test("replay", async () => {
  await expectRefused(signedBy(await documentOf("3.0.0"), ann, bob), "sequence-refused");
  const current = signedBy(await documentOf("2.0.0", { bc_seq: 10 }), ann, bob);
  const before = await known();
  expect(await runs(current)).toMatchObject({ status: "SUCCEEDED" });
  expect(await known()).toEqual(before);
  await expectOwned();
});

test("freeze: an expired release for a clock that is behind, and a URL that has expired", async () => {
  await expectRefused(await nextRelease({ bc_exp: NOW_SECONDS + 500 }), "order-expired");
  const { id } = standIn.local.faults.add({ kind: "expireUrl" });
  await expectRefused(await nextRelease(), "url-refused");
  standIn.local.faults.remove(id);
});

test("mix and match", async () => {
  const [next, malware] = [await nextRelease(), await documentOf("6.6.6")];
  await expectRefused({ ...next, bc_alt: malware.bc_alt }, "signature-invalid");
});

test("endless data", async () => {
  await expectRefused(await nextRelease({}, Buffer.alloc(2 ** 22)), "size-mismatch");
});

test("slow retrieval", async () => {
  for (const fault of [
    { kind: "slowTransfer", bytesPerSecond: 1_000 },
    { kind: "stallTransfer", atByte: 50_000 },
  ] as const) {
    const { id } = standIn.local.faults.add(fault);
    await expectRefused(await nextRelease(), "download-failed");
    standIn.local.faults.remove(id);
  }
});

test("wrong device", async () => {
  await expectRefused(await nextRelease({ bc_for: ["lab-1"] }), "wrong-thing");
  await expectRefused(await nextRelease({ bc_model: "valve" }), "wrong-model");
});

test("key compromise", async () => {
  for (const signers of [[ann], [ann, bob], [eve]]) {
    const malware = await documentOf("6.6.6", { bc_seq: 11, bc_keys: [link(...signers)] });
    await expectRefused(signedBy(malware, eve), "signature-invalid");
  }
});

test("fast-forward", async () => {
  await expectRefused(await nextRelease({ bc_seq: 2 ** 52 }), "sequence-refused");
});

test("a document that is nonsense, and malware that waits after a power cut", async () => {
  expect(await runs({ operation: "fota", bc_idx: "__proto__", bc_sig: [] })).toMatchObject({
    status: "FAILED",
    reason: "bad fota data",
  });
  await cutPower(launcher);
  const jobId = await standIn.createJobWith(
    signedBy(await documentOf("6.6.6", { bc_seq: 11 }), ann),
    device.thingName,
  );
  launcher = device.boot.launch();
  await launcher.says(/is idle/);
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "FAILED" });
  await expectOwned();
});

test("after all that, the owner's next release arrives", async () => {
  await expectInstalled("3.0.0", { bc_seq: 11 });
});
