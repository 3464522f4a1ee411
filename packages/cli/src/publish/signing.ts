import {
  type DocumentSignature,
  FotaError,
  type JobDocument,
  type KeySetLink,
  parseJobDocument,
  signedStatement,
} from "@fota/shared";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { readInput } from "../files/input.js";
import { checkDocumentLength } from "../job/document.js";
import type { JobSpec } from "../job/job-spec.js";
import { checkModelNamed } from "../signing/check-model.js";
import {
  checkSigningTime,
  FACT_FLAGS,
  type FactOptions,
  factsOf,
  withFacts,
  withSigningTime,
} from "../signing/facts.js";
import { verifyEd25519 } from "../signing/public-key.js";
import { parseKeyChain, parseSignable } from "../signing/signable.js";
import { type Signer, withSignatures } from "../signing/signer.js";
import { openSigners, type SignerOptions } from "../signing/signers.js";
import { signersInFile } from "../signing/signers-in-file.js";
import { checkNumberOfKeySets } from "./check-key-sets.js";
import type { Plan } from "./plan.js";

/** Holds the options of `fota publish` about signatures, with the command line's texts as values. */
export interface SigningOptions extends SignerOptions, Omit<FactOptions, "signedAt"> {
  /** Signs a document without a model, which devices of every model accept. */
  anyModel?: boolean;
  /** Names a file with signed key sets, the oldest first. */
  keys?: string;
  /** Names a job document that was signed elsewhere. */
  document?: string;
}

/** Says how a job document is signed. */
export interface Signing {
  /** The keys that sign now. */
  signers: readonly Signer[];
  /** The document that was signed elsewhere. */
  signed: JobDocument | undefined;
  /** Adds the signed facts to a new document. */
  complete(document: JobDocument): JobDocument;
}

/**
 * Reads a document that was signed elsewhere; `undefined` without `--document`.
 * @throws {FotaError} FILE_ACCESS, DOCUMENT_INVALID, ORDER_EXPIRED
 */
export async function readSignedDocument(
  { host }: Pick<Context, "host">,
  file: string | undefined,
  now: Date,
): Promise<JobDocument | undefined> {
  if (file === undefined) return undefined;
  const signable = parseSignable(await readInput(host, file, "FILE_ACCESS"), file);
  if (signable.kind !== "document") {
    throw new FotaError("DOCUMENT_INVALID", `${file} is a key set and no job document`, {
      hint: `give it to --keys, with a document that is signed`,
    });
  }
  const { bc_exp } = signable.document;
  if (bc_exp === undefined || bc_exp * 1000 > now.getTime()) return signable.document;
  throw new FotaError("ORDER_EXPIRED", `${file} expired at ${new Date(bc_exp * 1000).toISOString()}`, {
    hint: `sign it again: fota sign ${file} --valid-until <time> --sign <key> --out ${file}`,
  });
}

/**
 * Opens the signers and checks the signed facts; `undefined` if nothing is signed. Signs nothing yet.
 * @throws {FotaError} USAGE, KEY_INVALID, DOCUMENT_INVALID, SIGNATURE_INVALID
 */
export async function signingOf(
  context: Context,
  options: SigningOptions,
  { spec, signed, now }: { spec: JobSpec; signed: JobDocument | undefined; now: Date },
): Promise<Signing | undefined> {
  const { host, settings } = context;
  const useSetting = signed === undefined && options.signWith === undefined;
  const sign = options.sign ?? (useSetting ? signersInFile(settings) : undefined);
  const isSigning = sign !== undefined || options.signWith !== undefined;
  checkOptions(options, isSigning, signed !== undefined);
  if (!isSigning && signed === undefined) return undefined;
  const keys =
    options.keys === undefined
      ? undefined
      : parseKeyChain(await readInput(host, options.keys, "FILE_ACCESS"), options.keys);
  if (signed !== undefined && signed.bc_sig === undefined && !isSigning) {
    throw new FotaError("SIGNATURE_INVALID", `${options.document} is not signed`, {
      hint: `sign it: fota sign ${options.document} --sign <key> --out ${options.document}`,
    });
  }
  if (options.anyModel !== true && signed === undefined) checkModelNamed({ bc_model: spec.model });
  const seq = options.seq ?? settings.file.seq;
  const facts =
    signed === undefined
      ? factsOf({ ...options, ...(seq !== undefined && { seq }) }, spec.fwVersion, now)
      : {};
  const signers = await openSigners(
    { ...context, access: () => accessOf(context) },
    { ...options, ...(sign !== undefined && { sign }) },
  );
  return {
    signers,
    signed,
    complete: (document) => {
      const complete = completed(document, facts, keys, signed === undefined ? now : undefined);
      checkSigningTime(complete, now);
      return complete;
    },
  };
}

function completed(
  document: JobDocument,
  facts: ReturnType<typeof factsOf>,
  keys: KeySetLink[] | undefined,
  now: Date | undefined,
): JobDocument {
  const changed = withFacts({ ...document, ...(keys !== undefined && { bc_keys: keys }) }, facts);
  const timed = now === undefined ? changed : withSigningTime(changed, now);
  signedStatement(timed); // throws for what cannot be signed
  checkNumberOfKeySets(timed);
  return timed;
}

const SIGNING_FLAGS = { ...FACT_FLAGS, anyModel: "--any-model", keys: "--keys" };

function checkOptions(options: SigningOptions, isSigning: boolean, isSigned: boolean): void {
  const names = Object.keys(SIGNING_FLAGS) as (keyof typeof SIGNING_FLAGS & keyof SigningOptions)[];
  const given = names.find((name) => options[name] !== undefined && !(isSigned && name === "keys"));
  if (given === undefined || (isSigning && !isSigned)) return;
  const flag = SIGNING_FLAGS[given];
  if (isSigned) {
    throw new FotaError("USAGE", `${flag} would change the document of --document`, {
      hint: `give ${flag} to fota sign`,
    });
  }
  throw new FotaError("USAGE", `${flag} is for signed documents, and no key is given`, {
    hint: "add --sign <key>, or sign with fota sign and publish with --document",
  });
}

/**
 * Returns the plan with its document signed; the plan of a job that exists stays. Run it after all checks, and before
 * anything is changed.
 * @throws {FotaError} SIGNER_FAILED, DOCUMENT_TOO_LARGE, and what signers throw
 */
export async function signPlan(plan: Plan): Promise<Plan> {
  const { document, signers, existing } = plan;
  if (signers.length === 0 || existing !== undefined) return plan;
  const bc_sig = await withSignatures(document.bc_sig ?? [], signedStatement(document), signers);
  const signed = parseJobDocument({ ...document, bc_sig });
  checkDocumentLength(signed);
  return { ...plan, document: signed };
}

/**
 * Returns what of the signatures makes a job another one: facts and ids of keys, not the time and not the bytes, so
 * that the same publish tomorrow is the same job. `undefined` for a document that is not signed.
 */
export function signedContentOf(document: JobDocument, signers: readonly Signer[]): unknown {
  const ids = signerIds(document, signers);
  if (ids.length === 0) return undefined;
  const { bc_seq, bc_for, bc_down, bc_exp, bc_keys } = document;
  return [ids, bc_seq, bc_for, bc_down, bc_exp, bc_keys];
}

function signerIds({ bc_sig = [] }: JobDocument, signers: readonly Pick<Signer, "id">[]): string[] {
  return [...new Set([...bc_sig.map(({ key }) => key), ...signers.map(({ id }) => id)])].sort();
}

/**
 * Tells whether the document of an existing job has the signatures of a planned one: signatures that were made
 * elsewhere are the same bytes, those of `signers` are right, whenever they were made, and there are no others.
 */
export async function hasSameSignatures(
  existing: JobDocument,
  planned: JobDocument,
  signers: readonly Signer[],
): Promise<boolean> {
  if (String(signerIds(existing, [])) !== String(signerIds(planned, signers))) return false;
  const own = new Map(signers.map(({ id, publicKey }) => [id, publicKey]));
  const planIsFixed = (planned.bc_sig ?? []).filter(({ key }) => !own.has(key));
  if (planIsFixed.length > 0 && existing.bc_at !== planned.bc_at) return false;
  const sigOf = (id: string): DocumentSignature | undefined => existing.bc_sig?.find(({ key }) => key === id);
  if (!planIsFixed.every(({ key, sig }) => sigOf(key)?.sig === sig)) return false;
  for (const { id, publicKey } of signers) {
    if (!(await verifyEd25519(publicKey, signedStatement(existing), sigOf(id)?.sig ?? ""))) return false;
  }
  return true;
}
