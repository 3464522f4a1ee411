import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Vector } from "../../../scripts/vectors/vector.js";
import { signedBy } from "../../shared/test/signing.js";
import type { DocumentDecision } from "../src/core/check-document.js";
import { parseState, serializeState } from "../src/core/saved-state.js";
import type { UpdateState } from "../src/core/update-state.js";
import { Power } from "../src/testing/index.js";
import { ann, release, TrustedDevice, V2 } from "./trusted-device.js";

// An agent of the release before version 2 of the signed statement, and today's, on the same documents and states.

interface OldAgent {
  checkDocument(document: unknown, record: object, rules: object): Promise<DocumentDecision>;
  parseState(text: string): UpdateState | undefined;
  serializeState(state: UpdateState): string;
  signatureVerifier(keys: object): unknown;
}

const old: OldAgent = await import(join(import.meta.dirname, "fixtures/agent-before-version-2.mjs"));
const path = join(import.meta.dirname, "../../../vectors/signed-documents.json");
const { cases }: { cases: Vector[] } = JSON.parse(readFileSync(path, "utf8"));
const record = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 9, slotSizeBytes: 8_192 };

async function oldVerdict({ document, trust, device }: Vector, isTrusting = true): Promise<string> {
  const { model, version: firmwareVersion, timeSeconds = 0 } = device;
  const decision = await old.checkDocument(JSON.parse(document), record, {
    model,
    firmwareVersion,
    wallClockMs: () => timeSeconds * 1000,
    ...(isTrusting && { verifySignature: old.signatureVerifier(trust.keys) }),
  });
  return decision.kind === "refused" ? decision.failure.reason : decision.kind;
}

/** Tells whether a device of today accepts the document with the keys that the old one has, too. */
function isForOldKeys({ verdict, keySetVersion, statement }: Vector, version: number): boolean {
  const isOfVersion = statement?.startsWith(`fota order ${version}\n`) === true;
  return verdict === "accepted" && keySetVersion === undefined && isOfVersion;
}

describe("the old agent with keys", () => {
  test.each(cases.filter((vector) => isForOldKeys(vector, 1)))("accepts version 1: $name", async (vector) => {
    expect(await oldVerdict(vector)).toBe("update");
  });

  test.each(cases.filter((vector) => isForOldKeys(vector, 2)))("refuses version 2: $name", async (vector) => {
    expect(await oldVerdict(vector)).toBe("signature-invalid");
  });

  test.each(cases.filter(({ keySetVersion }) => keySetVersion !== undefined))(
    "refuses what the keys of a new set signed, unless one is its own: $name",
    async (vector) => {
      const signers: { key: string }[] = JSON.parse(vector.document).bc_sig;
      const isKnown = signers.some(({ key }) => Object.hasOwn(vector.trust.keys, key));
      expect(await oldVerdict(vector)).toBe(isKnown ? "update" : "signature-invalid");
    },
  );
});

test.each(cases.filter(({ verdict }) => verdict === "accepted"))(
  "the old agent without keys accepts what today's accepts: $name",
  async (vector) => {
    expect(await oldVerdict(vector, false)).toBe("update");
  },
);

const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 2 };
const target = {
  slot: 1,
  sizeBytes: 100,
  md5: "a".repeat(32),
  url: "https://bucket.example/image",
  version: "2",
};
const active = { execution, target };
const details = { phase: "trial", reason: "self-test-failed" } as const;

test.each<UpdateState>([
  { phase: "idle" },
  { phase: "starting", ...active },
  { phase: "downloading", ...active, journal: { offsetBytes: 0 } },
  { phase: "downloading", ...active, journal: { offsetBytes: 50, etag: '"x"', erases: 1, fetchedBytes: 60 } },
  { phase: "consulting", ...active, hook: "beforeReset", deferred: true, faults: 1, attempts: 1 },
  { phase: "verifying", ...active, attempts: 1, consented: true },
  { phase: "installing", ...active, attempts: 1 },
  { phase: "trial", ...active },
  { phase: "confirming", ...active },
  { phase: "reverting", ...active, verdict: { status: "FAILED", details } },
  { phase: "reporting", execution, verdict: { status: "FAILED", details } },
])("both agents read what the other one saved in phase $phase", (state) => {
  expect(parseState(old.serializeState(state))).toEqual(state);
  expect(old.parseState(serializeState(state))).toEqual(state);
});

test("an update that the old agent left in any phase ends under an agent with trust, on the image that it reports", async () => {
  const phases = new Set<string>();
  for (let cut = 1; !phases.has("trial"); cut += 1) {
    const device = new TrustedDevice();
    const { cloud, flash, server } = device.world;
    server.object = V2;
    const execution = cloud.addJob("job-1", signedBy(release(V2), ann));
    const overrides = { model: "pump", firmwareVersion: "1.0.0" };
    await device.world.boot({ overrides, power: new Power(cut, "after") }).handle({ force: true });
    const left = parseState(flash.state ?? "");
    if (left === undefined || phases.has(left.phase)) continue;
    phases.add(left.phase);
    flash.state = old.serializeState(left);
    for (let boots = 0; boots < 2; boots += 1) await device.boot().handle({ force: true });
    expect(execution.status).toBe("SUCCEEDED");
    expect(Buffer.compare(flash.running.image, V2)).toBe(0);
    expect(flash.running.confirmed).toBe(true);
  }
  expect([...phases]).toEqual(["starting", "consulting", "downloading", "verifying", "installing", "trial"]);
});

test("the old agent takes a document with patches, and downloads the whole image", async () => {
  const digest = (letter: string) => letter.repeat(64);
  const patch = {
    from_sha256: digest("a"),
    from_size: 900,
    url: "https://h/p",
    bytes: 90,
    sha256: digest("b"),
  };
  const image = { bc_idx: 1, bc_crc: "0".repeat(32), bc_size: 1_000, bc_url: "https://h/app.bin" };
  const document = { operation: "fota", ...image, bc_sha256: digest("c"), bc_delta: [patch] };
  const { bc_delta: _patches, ...plain } = document;
  const rules = { wallClockMs: () => 0 };
  const decision = await old.checkDocument(document, record, rules);
  expect(decision.kind).toBe("update");
  expect(decision).toEqual(await old.checkDocument(plain, record, rules));
});

test("the old agent reads where a patch goes on, and continues there with the whole image", () => {
  const text = readFileSync(join(import.meta.dirname, "fixtures/saved-state-v2-patch.json"), "utf8");
  const state = old.parseState(text);
  if (state?.phase !== "downloading") return expect.unreachable();
  expect(state.journal).toMatchObject({ offsetBytes: 524_288, fetchedBytes: 43_210 });
  expect(state.journal.etag, "the ETag of the patch would not match the image").toBeUndefined();
});

test("the old agent reads a state on trial that says how the image was downloaded", () => {
  const target = { slot: 1, sizeBytes: 100, md5: "a".repeat(32), url: "https://bucket.example/image" };
  const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 2 };
  const download = { via: "patch", fetchedBytes: 10 } as const;
  const text = serializeState({ phase: "trial", execution, target: { ...target, download } });
  expect(old.parseState(text)).toMatchObject({ phase: "trial", execution, target });
});
