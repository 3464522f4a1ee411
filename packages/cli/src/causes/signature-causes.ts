import type { Cause } from "@fota/shared";

const OF_SIGNATURE: readonly Cause[] = [
  "signature-invalid",
  "sequence-refused",
  "wrong-thing",
  "downgrade",
  "order-expired",
];

/** Tells whether a cause depends on who signed the job document, and what for. */
export function isOfSignature(reason: string | null | undefined): boolean {
  return OF_SIGNATURE.some((cause) => cause === reason);
}
