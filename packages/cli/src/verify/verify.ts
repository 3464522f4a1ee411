import {
  type DocumentSignature,
  followKeyLinks,
  isFotaError,
  type JobDocument,
  type KeyRole,
  type KeySet,
  type KeySetLink,
  keySetOf,
  keySetStatement,
  rootRole,
  signedStatement,
  signersOf,
} from "@fota/shared";
import type { ImageFile } from "../image/image-file.js";
import { compareImage } from "../signing/compare-images.js";
import type { UnsignedLink } from "../signing/key-set-file.js";
import { verifyEd25519 } from "../signing/public-key.js";
import type { Signable } from "../signing/signable.js";
import { signedFactsOf } from "../signing/signed-facts.js";
import type { Verification } from "./result.js";

/** Holds what a verification compares with. */
export interface VerifyAgainst {
  trusted: KeySet;
  images: readonly ImageFile[];
  now: Date;
}

/** Verifies a job document or a key set. Throws nothing about what it verifies: faults are in the result. */
export async function verify(
  source: string,
  signable: Signable,
  against: VerifyAgainst,
): Promise<Verification> {
  const { kind } = signable;
  const found =
    kind === "document"
      ? await verifyDocument(signable.document, against)
      : kind === "keys"
        ? await verifyKeySet(signable.link, signable.signatures, against.trusted)
        : await verifyChain(signable.links, against.trusted);
  return { valid: found.faults.length === 0, source, kind: kind === "chain" ? "keys" : kind, ...found };
}

type Found = Omit<Verification, "valid" | "source" | "kind">;

async function verifyDocument(
  document: JobDocument,
  { trusted, images, now }: VerifyAgainst,
): Promise<Found> {
  const { bc_sig = [], bc_keys = [], bc_exp } = document;
  const faults: string[] = [];
  const { set } = await followKeyLinks(trusted, bc_keys, verifyEd25519).catch((error: unknown) => {
    if (!isFotaError(error)) throw error;
    faults.push(error.message);
    return { set: trusted };
  });
  const ofSet = set === trusted ? "" : ` of key set ${set.version}, which it carries,`;
  const signed = await countSigners(statementOf(document), bc_sig, set, ofSet);
  faults.push(...signed.faults);
  if (bc_exp !== undefined && bc_exp * 1000 <= now.getTime()) {
    faults.push(`it expired at ${new Date(bc_exp * 1000).toISOString()}`);
  }
  const compared = images.map((image) => compareImage(image, document));
  for (const { name, differences } of compared) faults.push(...differences.map((text) => `${name}, ${text}`));
  return {
    ...signed,
    ...(set !== trusted && { keySet: set.version }),
    faults,
    facts: signedFactsOf(document),
    deviceChecks: deviceChecks(document),
    images: compared,
  };
}

/** Verifies a change of keys: the root keys of both the set before and the set itself must sign it. */
async function verifyKeySet(
  link: UnsignedLink,
  signatures: readonly DocumentSignature[],
  trusted: KeySet,
): Promise<Found> {
  const signed = await countSigners(keySetStatement(link), signatures, { ...trusted, ...rootRole(trusted) });
  const faults: string[] = [];
  if (link.v <= trusted.version) {
    faults.push(`it has version ${link.v}, and devices that trust version ${trusted.version} skip it`);
  } else {
    const following = followKeyLinks(trusted, [{ ...link, sig: [...signatures] }], verifyEd25519);
    await following.catch((error: unknown) => {
      if (!isFotaError(error)) throw error;
      faults.push(error.message);
    });
  }
  const all = { ...allKeys(trusted), ...allKeys(keySetOf({ ...link, sig: [] })) };
  const { signatures: states } = await countSigners(keySetStatement(link), signatures, {
    keys: all,
    threshold: 1,
  });
  return { ...signed, signatures: states, faults, deviceChecks: [], images: [] };
}

/** Verifies key sets, the oldest first, as a device that slept through them follows them. */
async function verifyChain(
  [{ sig, ...link }, next, ...later]: readonly [KeySetLink, ...KeySetLink[]],
  trusted: KeySet,
): Promise<Found> {
  const isKnown = link.v <= trusted.version;
  if (next !== undefined && isKnown) return await verifyChain([next, ...later], trusted);
  const found = await verifyKeySet(link, sig, trusted);
  if (next === undefined || found.faults.length > 0) return found;
  return await verifyChain([next, ...later], keySetOf({ ...link, sig }));
}

function allKeys({ keys, rootKeys }: KeySet): KeyRole["keys"] {
  return { ...keys, ...rootKeys };
}

/** Counts the keys that signed, as devices do, and says of each signature whether it is right. */
async function countSigners(
  statement: string | undefined,
  signatures: readonly DocumentSignature[],
  { keys, threshold }: KeyRole,
  ofSet = "",
): Promise<Pick<Found, "signers" | "threshold" | "signatures" | "faults">> {
  const signers = statement === undefined ? [] : await signersOf(statement, signatures, keys, verifyEd25519);
  const states: Verification["signatures"] = [];
  for (const { key: id, sig } of signatures) {
    const key = Object.hasOwn(keys, id) ? keys[id] : undefined;
    const isRight =
      key !== undefined && statement !== undefined && (await verifyEd25519(key, statement, sig));
    states.push({ key: id, state: key === undefined ? "unknown" : isRight ? "right" : "wrong" });
  }
  return {
    signers,
    threshold,
    signatures: states,
    faults:
      signatures.length === 0
        ? ["it is not signed"]
        : signers.length < threshold
          ? [`${signers.length} of ${threshold} required keys${ofSet} signed it`]
          : [],
  };
}

/** Returns the signed statement; `undefined` for a document that cannot be signed. */
function statementOf(document: JobDocument): string | undefined {
  try {
    return signedStatement(document);
  } catch (error) {
    if (isFotaError(error, "DOCUMENT_INVALID")) return undefined;
    throw error;
  }
}

function deviceChecks(document: JobDocument): string[] {
  const { bc_model, bc_version, bc_min, bc_seq, bc_for, bc_down, bc_exp } = document;
  const checks: string[] = [
    bc_model === undefined
      ? "model: none is named, so a device that states its model refuses the document"
      : `model: it is ${bc_model}`,
  ];
  if (bc_min !== undefined) checks.push(`version: the running one is at least ${bc_min}`);
  if (bc_down === true) checks.push("downgrade: any version may be installed");
  else
    checks.push(
      bc_version === undefined
        ? "version: none is named, which counts as a downgrade"
        : `version: the running one is not above ${bc_version}`,
    );
  checks.push(
    bc_seq === undefined
      ? "sequence: none is named; a device that confirmed one refuses the document"
      : `sequence: the last confirmed one is not above ${bc_seq}`,
  );
  if (bc_for !== undefined) checks.push(`thing: it is one of ${bc_for.join(", ")}`);
  if (bc_exp !== undefined) checks.push("time: if it knows the time, the document has not expired");
  return checks;
}
