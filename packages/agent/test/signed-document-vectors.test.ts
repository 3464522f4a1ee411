import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isFotaError, keySetStatement, parseJobDocument, signedStatement } from "@fota/shared";
import { describe, expect, test } from "vitest";
import type { Vector } from "../../../scripts/vectors/vector.js";
import { checkDocument } from "../src/core/check-document.js";
import { createTrust } from "../src/core/trust-keeper.js";
import type { Trust } from "../src/core/trust-ports.js";
import { serializeTrust } from "../src/core/trust-state.js";
import { verifyEd25519 } from "../src/ed25519.js";
import { nodeClock } from "../src/node/host.js";
import { nodeTrust } from "../src/node/trust.js";

// The agent's own check of documents against the vectors that other implementations use.

const path = join(import.meta.dirname, "../../../vectors/signed-documents.json");
const { cases }: { cases: Vector[] } = JSON.parse(readFileSync(path, "utf8"));
const record = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 9, slotSizeBytes: 8_192 };

describe("with Node's Ed25519", () => {
  test.each(cases)("$name", async (vector) => {
    expect(await verdictOf(vector, withNode)).toEqual(expectedOf(vector));
  });
});

describe("with Ed25519 in JavaScript", () => {
  // Its signatures only, because each one takes some milliseconds.
  test.each(cases.filter(({ name }) => /^a signature with|^a trusted key/.test(name)))(
    "$name",
    async (vector) => {
      expect(await verdictOf(vector, withJavaScript)).toEqual(expectedOf(vector));
    },
  );
});

test.each(cases.filter(({ statement }) => statement !== undefined))("the statement of: $name", (vector) => {
  const document = parseJobDocument(JSON.parse(vector.document));
  expect(signedStatement(document)).toBe(vector.statement);
  expect(document.bc_keys?.map(keySetStatement)).toEqual(vector.keyStatements);
});

type MakeTrust = (vector: Vector) => Trust;

function withJavaScript({ trust: { version: keysVersion, ...set }, device }: Vector): Trust {
  return createTrust({ ...settings(set), keysVersion, verify: verifyEd25519, store: storeOf(device) });
}

function withNode(vector: Vector): Trust {
  const { version: keysVersion, ...set } = vector.trust;
  withJavaScript(vector); // takes the keys in base64 alone, where nodeTrust takes other forms, too
  return nodeTrust({ ...settings(set), keysVersion }, storeOf(vector.device));
}

function settings({ rootKeys, rootThreshold, ...set }: Omit<Vector["trust"], "version">) {
  return { ...set, ...(rootKeys && { rootKeys }), ...(rootThreshold && { rootThreshold }) };
}

/** What a device saved that confirmed a release before. */
function storeOf({ seq, confirmedSha256: sha256 }: Vector["device"]) {
  return { load: async () => serializeTrust({ seq, sha256 }), save: async () => {} };
}

function expectedOf({ verdict, cause, keySetVersion, trust }: Vector): object {
  return verdict === "refused" ? { cause } : { slot: 1, keySetVersion: keySetVersion ?? trust.version };
}

async function verdictOf(vector: Vector, makeTrust: MakeTrust): Promise<object> {
  const { model, thingName, version: firmwareVersion, timeSeconds } = vector.device;
  try {
    const trust = await makeTrust(vector)
      .guard(() => {}, nodeClock)
      .rules();
    const wallClockMs = timeSeconds === undefined ? undefined : () => timeSeconds * 1000;
    const rules = { model, thingName, firmwareVersion, wallClockMs, trust };
    const decision = await checkDocument(JSON.parse(vector.document), record, rules);
    if (decision.kind === "refused") return { cause: decision.failure.reason };
    if (decision.kind === "not-fota") return decision;
    return { slot: decision.target.slot, keySetVersion: decision.trusted?.set.version };
  } catch (error) {
    if (isFotaError(error, "CONFIG_INVALID")) return { cause: "key-refused" };
    throw error;
  }
}
