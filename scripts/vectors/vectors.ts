import { judgmentCases } from "./judgment-cases.js";
import { keySetCases } from "./key-set-cases.js";
import { signatureCases } from "./signature-cases.js";
import { statementCases } from "./statement-cases.js";
import { textCases } from "./text-cases.js";
import { toVector, type Vector } from "./vector.js";

/** Returns the content of `vectors/signed-documents.json`: the same at each call. */
export function signedDocumentVectors(): { page: string; cases: Vector[] } {
  const drafts = [...statementCases, ...textCases, ...signatureCases, ...judgmentCases, ...keySetCases];
  return { page: "docs/job-document.md", cases: drafts.map(toVector) };
}
