import { resolve } from "node:path";
import { FotaError, type JobDocument, type KeySetLink, messageOf } from "@fota/shared";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { readInput } from "../files/input.js";
import { readSmallFile } from "../files/small-file.js";
import { writeWholeFile } from "../files/whole-file.js";
import { FACT_FLAGS, type FactOptions, factsOf } from "../signing/facts.js";
import { parseSignable, type Signable } from "../signing/signable.js";
import type { Signer } from "../signing/signer.js";
import { openSigners, type SignerOptions } from "../signing/signers.js";
import { signersInFile } from "../signing/signers-in-file.js";
import { toJson } from "../terminal/text.js";
import { formatSigned } from "./format.js";
import type { SignOutput } from "./result.js";
import { type Signed, signDocument, signKeySet } from "./sign.js";

/** Holds the options of `fota sign`, as commander names them. */
export interface SignOptions extends SignerOptions, FactOptions {
  anyModel?: boolean;
  out?: string;
}

const PATH_HINT = "check the path, its owner and mode, and the free space on its disk";

/**
 * Signs a job document or a key set, without any access to AWS unless a key is in KMS.
 * @throws {FotaError} USAGE, KEY_INVALID, SIGNER_FAILED, DOCUMENT_INVALID, CONFIG_INVALID, FILE_ACCESS
 */
export async function runSign(context: Context, file: string, options: SignOptions): Promise<void> {
  const { host, output, settings } = context;
  const { out } = options;
  const sign = options.sign ?? (options.signWith === undefined ? signersInFile(settings) : undefined);
  if (sign === undefined && options.signWith === undefined) {
    throw new FotaError("USAGE", "no key is given", {
      hint: "give --sign release-2026.pem; `fota keygen` makes a key",
    });
  }
  const signable = parseSignable(await readInput(host, file, "FILE_ACCESS"), file);
  if (signable.kind === "chain") {
    throw new FotaError("DOCUMENT_INVALID", `${file} is a list of key sets, and fota signs them one by one`, {
      hint: "sign the file of each key set",
    });
  }
  if (out !== undefined) await checkReplaceable(resolve(host.cwd, out), out);
  const signers = await openSigners(
    { ...context, access: () => accessOf(context) },
    { ...options, ...(sign !== undefined && { sign }) },
  );
  const signed = await signAny(signable, signers, options, context);
  if (signed.dropped.length > 0) {
    output.warn(`the signatures of ${signed.dropped.join(", ")} are gone: they signed other facts`);
  }
  const { value, statement, dropped } = signed;
  const ids = ("operation" in value ? (value.bc_sig ?? []) : value.sig).map(({ key }) => key);
  const by = `signed by ${ids.join(", ")}`;
  if (out === undefined) {
    output.note(`${by}\n\n${formatSigned(value, output.notes)}`);
    output.result(value, toJson(value, 2));
    return;
  }
  await writeWholeFile(resolve(host.cwd, out), `${JSON.stringify(value, null, 2)}\n`, {
    replace: true,
  }).catch((cause: unknown) => {
    throw new FotaError("FILE_ACCESS", `cannot write ${out}: ${messageOf(cause)}`, {
      hint: PATH_HINT,
      cause,
    });
  });
  const added = signers.map(({ id }) => id);
  const result: SignOutput = { file: out, kind: signable.kind, statement, signers: ids, added, dropped };
  const head = `${output.paint("green", "✔")} ${out} is ${by}`;
  output.result(result, `${head}\n\n${formatSigned(value, output)}`);
}

async function signAny(
  signable: Exclude<Signable, { kind: "chain" }>,
  signers: readonly Signer[],
  options: SignOptions,
  { settings: { file } }: Context,
): Promise<Signed<JobDocument | KeySetLink>> {
  if (signable.kind === "keys") {
    const names = Object.keys(FACT_FLAGS) as (keyof FactOptions)[];
    const fact = names.find((name) => options[name] !== undefined);
    if (fact === undefined) return await signKeySet(signable.link, signable.signatures, signers);
    throw new FotaError("USAGE", `${FACT_FLAGS[fact]} is for job documents, and this is a key set`);
  }
  const { document } = signable;
  const now = new Date();
  const seq = options.seq ?? (document.bc_seq === undefined ? file.seq : undefined);
  const facts = factsOf({ ...options, ...(seq !== undefined && { seq }) }, document.bc_version, now);
  return await signDocument(document, signers, { facts, anyModel: options.anyModel ?? false, now });
}

/** Refuses to replace a file that is neither a job document nor a key set, such as a key. @throws {FotaError} FILE_ACCESS */
async function checkReplaceable(path: string, name: string): Promise<void> {
  const bytes = await readSmallFile(path).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return Buffer.alloc(0);
    throw new FotaError("FILE_ACCESS", `cannot write ${name}: ${messageOf(cause)}`, {
      hint: PATH_HINT,
      cause,
    });
  });
  if (bytes.length === 0) return;
  try {
    parseSignable(bytes.toString("utf8"), name);
  } catch (cause) {
    throw new FotaError("FILE_ACCESS", `${name} exists and is no job document; it was not replaced`, {
      hint: "give another name to --out, or remove the file",
      cause,
    });
  }
}
