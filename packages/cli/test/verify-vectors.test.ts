import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { expect, test } from "vitest";
import type { Vector } from "../../../scripts/vectors/vector.js";
import { parseSignable } from "../src/signing/signable.js";
import { verify } from "../src/verify/verify.js";

// `fota verify` against the vectors that devices are tested with.

const path = join(import.meta.dirname, "../../../vectors/signed-documents.json");
const { cases }: { cases: Vector[] } = JSON.parse(readFileSync(path, "utf8"));

/** What only a device can judge. */
const ABOUT_DEVICE = ["wrong-model", "wrong-thing", "version-too-low", "downgrade", "sequence-refused"];

// `readTrustedKeys` refuses the key sets that no device may have.
test.each(cases.filter(({ cause }) => cause !== "key-refused"))("$name", async (vector) => {
  const { cause = "", verdict, trust, device, document } = vector;
  const isValid = verdict === "accepted" || ABOUT_DEVICE.includes(cause);
  const now = new Date((device.timeSeconds ?? 0) * 1000);
  try {
    const signable = parseSignable(document, "vector.json");
    const found = await verify("vector.json", signable, { trusted: trust, images: [], now });
    expect(found).toMatchObject({ valid: isValid, kind: "document" });
  } catch (error) {
    if (!isFotaError(error, "DOCUMENT_INVALID")) throw error;
    expect(cause).toBe("bad fota data");
  }
});
