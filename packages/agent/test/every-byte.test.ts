import { type JobDocument, parseJobDocument, type VerifyEd25519 } from "@fota/shared";
import { expect, test } from "vitest";
import { keysOf, linkSignedBy, nodeVerify, signedBy } from "../../shared/test/signing.js";
import { readDocument } from "../src/core/check-document.js";
import { nodeClock } from "../src/node/host.js";
import { documentOf } from "../src/testing/index.js";
import { createTrust } from "../src/trust.js";
import { ann, bob, root, V1, V2 } from "./trusted-device.js";

// Changes each byte of a signed document's text to each other value. `npm run sweep` tries all of them; without it,
// every position gets its share of values.

const STRIDE = process.env["FOTA_SWEEP"] ? 1 : 16;

const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 } = documentOf(V1, 0);
const VERSION_1 = {
  ...documentOf(V2, 1),
  bc_version: "2.0.0",
  bc_model: "pump v2",
  bc_min: "1.0.0",
  bc_exp: 1_900_000_000,
  bc_alt: [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }],
};
const keys: [string, string][] = [[bob.id, bob.publicKey]];
const roots: [string, string][] = [[root.id, root.publicKey]];
const VERSION_2 = {
  ...VERSION_1,
  bc_seq: 12,
  bc_for: ["thing-1", "thing-2"],
  bc_down: true,
  bc_at: 1_800_000_000,
  bc_keys: [linkSignedBy({ v: 2, t: 1, keys, rt: 1, roots, seq: 7 }, root)],
};

/** What the signers said, in a form of its own: not by the code that makes the statement. */
function factsOf(document: JobDocument): string {
  const { bc_version, bc_model, bc_min, bc_exp, bc_seq, bc_for, bc_down, bc_at, bc_alt = [] } = document;
  const images = [document, ...bc_alt].map((image) =>
    JSON.stringify([image.bc_idx, image.bc_size, image.bc_crc, image.bc_sha256]),
  );
  const facts = { bc_version, bc_model, bc_min, bc_exp, bc_seq, bc_down, bc_at };
  return JSON.stringify([images.sort(), facts, [...(bc_for ?? [])].sort()]);
}

/** Remembers verdicts: most changes leave the statement, or the signature, as it was. */
function remembered(verify: VerifyEd25519): VerifyEd25519 {
  const verdicts = new Map<string, ReturnType<VerifyEd25519>>();
  return (...about) => {
    const key = about.join("\0");
    const verdict = verdicts.get(key) ?? verify(...about);
    verdicts.set(key, verdict);
    return verdict;
  };
}

test.each([
  ["version 1, with an alternative", VERSION_1, ann],
  ["version 2, with an alternative and new keys", VERSION_2, bob],
])(
  "a changed byte of a document of %s is refused, or changes nothing that was signed",
  async (name, unsigned, signer) => {
    const document = signedBy(parseJobDocument(unsigned), signer);
    const store = { load: async () => undefined, save: async () => {} };
    const options = { keys: keysOf(ann), rootKeys: keysOf(root), verify: remembered(nodeVerify), store };
    const rules = await createTrust(options)
      .guard(() => {}, nodeClock)
      .rules();
    const read = async (text: string): Promise<string | undefined> => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return undefined;
      }
      const reading = await readDocument(value, rules);
      if (reading.kind !== "trusted") return undefined;
      expect(reading.trusted, "no document counts as unsigned").toBeDefined();
      const { set, resetSeq, confirmable } = reading.trusted ?? {};
      const images = (confirmable?.images ?? []).map((image) => JSON.stringify(image)).sort();
      return `${factsOf(reading.document)} ${JSON.stringify([set, resetSeq, confirmable?.seq, images])}`;
    };
    const bytes = Buffer.from(JSON.stringify(document));
    const facts = await read(bytes.toString());
    expect(facts).toBeDefined();
    let [tried, accepted] = [0, 0];
    for (let at = 0; at < bytes.length; at += 1) {
      const original = bytes[at] ?? 0;
      for (let value = at % STRIDE; value < 256; value += STRIDE) {
        if (value === original) continue;
        bytes[at] = value;
        tried += 1;
        const found = await read(bytes.toString());
        if (found === undefined) continue;
        accepted += 1;
        if (found !== facts) expect({ at, value, found }).toEqual({ at, value, found: facts });
      }
      bytes[at] = original;
    }
    console.log(
      `${name}: ${tried} changes of ${bytes.length} bytes, ${accepted} of them accepted with the same facts`,
    );
    expect(accepted).toBeGreaterThan(0); // the URL is not signed
  },
);
