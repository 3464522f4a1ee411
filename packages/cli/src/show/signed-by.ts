import { isFotaError, type JobDocument, signedStatement } from "@fota/shared";
import { verifyEd25519 } from "../signing/public-key.js";

/** Returns for each signature of a job document, in order, whether the key (32 bytes in base64) made it. */
export async function signedBy(document: JobDocument, key: string): Promise<boolean[]> {
  const statement = statementOf(document);
  const verified: boolean[] = [];
  for (const { sig } of document.bc_sig ?? []) {
    verified.push(statement !== undefined && (await verifyEd25519(key, statement, sig)));
  }
  return verified;
}

/** Returns the signed statement; `undefined` for a document without SHA-256, which cannot have signatures. */
function statementOf(document: JobDocument): string | undefined {
  try {
    return signedStatement(document);
  } catch (error) {
    if (isFotaError(error, "DOCUMENT_INVALID")) return undefined;
    throw error;
  }
}
