import { isFotaDocument, type JobDocument, messageOf, parseJobDocument, signedStatement } from "@fota/shared";
import {
  checkDocument,
  type DocumentDecision,
  type DocumentRules,
  modelFault,
  refused,
  targetsIn,
} from "./check-document.js";
import type { BootRecord } from "./ports.js";
import type { UpdateTarget } from "./update-state.js";

/** `takeOrder`, and where the device has keys that it trusts, only what one of them has signed (B-5). Never rejects. */
export async function checkSignedDocument(
  document: unknown,
  record: BootRecord,
  rules: DocumentRules,
): Promise<DocumentDecision> {
  const decision = checkDocument(document, record, rules);
  if (decision.kind !== "update" || rules.verifySignature === undefined) return decision;
  const detail = await signatureFault(decision.document, rules.verifySignature);
  return detail === undefined ? decision : refused("signature-invalid", { detail });
}

/**
 * Returns the images of a document that this device may already run: all of one that can be read, is for its model and,
 * where the device has keys that it trusts, is signed by one of them; none otherwise. Slot, version, expiry and URL do not
 * count, as nothing is to be written. Never rejects.
 */
export async function trustedTargetsIn(document: unknown, rules: DocumentRules): Promise<UpdateTarget[]> {
  const targets = isFotaDocument(document) ? targetsIn(document) : [];
  if (targets.length === 0) return [];
  const parsed = parseJobDocument(document);
  if (modelFault(parsed, rules.model) !== undefined) return [];
  const { verifySignature } = rules;
  const isTrusted =
    verifySignature === undefined || (await signatureFault(parsed, verifySignature)) === undefined;
  return isTrusted ? targets : [];
}

async function signatureFault(
  document: JobDocument,
  verify: NonNullable<DocumentRules["verifySignature"]>,
): Promise<string | undefined> {
  const signatures = document.bc_sig ?? [];
  if (signatures.length === 0) return "the order is not signed";
  try {
    const statement = signedStatement(document);
    for (const { key, sig } of signatures) if (await verify(key, statement, sig)) return undefined;
  } catch (error) {
    return messageOf(error);
  }
  const keys = signatures.map(({ key }) => JSON.stringify(key)).join(", ");
  return `no signature by a key that this device trusts: the order has ${keys}`;
}
