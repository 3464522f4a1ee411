import { type JobDocument, messageOf, signedStatement } from "@fota/shared";
import { type OrderDecision, type OrderRules, refused, takeOrder } from "./order.js";
import type { BootRecord } from "./ports.js";

/** `takeOrder`, and where the device has keys that it trusts, only what one of them has signed (B-5). Never rejects. */
export async function takeTrustedOrder(
  document: unknown,
  record: BootRecord,
  rules: OrderRules,
): Promise<OrderDecision> {
  const decision = takeOrder(document, record, rules);
  if (decision.kind !== "order" || rules.verifySignature === undefined) return decision;
  const detail = await signatureFault(decision.document, rules.verifySignature);
  return detail === undefined ? decision : refused("signature-invalid", { detail });
}

async function signatureFault(
  document: JobDocument,
  verify: NonNullable<OrderRules["verifySignature"]>,
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
