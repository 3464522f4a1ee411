import {
  type Cause,
  compareVersions,
  type DocumentImage,
  imagesOf,
  isFotaDocument,
  isPresignPlaceholder,
  type JobDocument,
  messageOf,
  parseJobDocument,
  signedStatement,
} from "@fota/shared";
import type { BootRecord, Device } from "./ports.js";
import type { Failure, UpdateTarget } from "./update-state.js";
import { type UrlRules, urlFault } from "./url-rules.js";

export type DocumentDecision =
  | { kind: "update"; target: UpdateTarget; document: JobDocument }
  | { kind: "refused"; failure: Failure }
  /** Another kind of job, for the firmware to handle. */
  | { kind: "not-fota" };

/** What a job document is checked against, besides the slots. */
export type DocumentRules = Pick<Device, "model" | "firmwareVersion" | "wallClockMs" | "verifySignature"> &
  UrlRules & { allowDowngrade?: boolean | undefined };

/**
 * Decides what a job document means for this device, before any slot or record is touched: whether the device can act
 * on it, and which image it installs (the first one for a slot that is not in use; the device knows its slots, B-4). On
 * a device with trusted keys, also checks that one of them signed the document (B-5). Never rejects.
 */
export async function checkDocument(
  document: unknown,
  record: BootRecord,
  rules: DocumentRules,
): Promise<DocumentDecision> {
  const decision = checkUnsigned(document, record, rules);
  if (decision.kind !== "update" || rules.verifySignature === undefined) return decision;
  const detail = await signatureFault(decision.document, rules.verifySignature);
  return detail === undefined ? decision : refused("signature-invalid", { detail });
}

/** Checks everything except the signature. Never throws. */
function checkUnsigned(document: unknown, record: BootRecord, rules: DocumentRules): DocumentDecision {
  if (!isFotaDocument(document)) return { kind: "not-fota" };
  let parsed: JobDocument;
  try {
    parsed = parseJobDocument(document);
  } catch (error) {
    return refused("bad fota data", { detail: messageOf(error) });
  }
  const unfit =
    modelFault(parsed, rules.model) ??
    versionFault(parsed, rules.firmwareVersion) ??
    (rules.allowDowngrade === false ? downgradeFault(parsed, rules.firmwareVersion) : undefined) ??
    expiryFault(parsed, rules.wallClockMs?.());
  if (unfit !== undefined) return unfit;
  const images = imagesOf(parsed);
  const image = images.find(({ bc_idx }) => slotFault(bc_idx, record) === undefined);
  if (image === undefined) {
    const faults = images.map(({ bc_idx }) => slotFault(bc_idx, record));
    return refused("bad fota data", { detail: faults.join("; ") });
  }
  if (image.bc_size > record.slotSizeBytes) {
    const detail = `the image is larger than slot ${image.bc_idx}`;
    return refused("bad fota data", {
      detail,
      expected: `at most ${record.slotSizeBytes}`,
      actual: `${image.bc_size}`,
    });
  }
  if (isPresignPlaceholder(image.bc_url)) {
    return refused("bad fota data", {
      detail: "bc_url is still a placeholder: AWS IoT did not presign it",
    });
  }
  const detail = urlFault(image.bc_url, rules);
  if (detail !== undefined) return refused("host-refused", { detail });
  return { kind: "update", target: targetOf(image, parsed), document: parsed };
}

function targetOf(image: DocumentImage, { bc_version: version }: JobDocument): UpdateTarget {
  const { bc_idx: slot, bc_size: sizeBytes, bc_crc: md5, bc_sha256: sha256, bc_url: url } = image;
  const target = { slot, sizeBytes, md5, url };
  return { ...target, ...(sha256 !== undefined && { sha256 }), ...(version !== undefined && { version }) };
}

/**
 * Returns all images of a document as update targets, the legacy one first; none when the document is not valid. Use it
 * to ask about the past ("does one of these run?"), not to start work: it checks only the form. Never throws.
 */
export function targetsIn(document: unknown): UpdateTarget[] {
  try {
    const parsed = parseJobDocument(document);
    return imagesOf(parsed).map((image) => targetOf(image, parsed));
  } catch {
    return [];
  }
}

/**
 * Returns the images of a document that this device may already run. They count only when the document is valid, is for
 * its model and, on a device with trusted keys, has a signature by one of them. Slot, version, expiry and URL are not
 * checked, as nothing is written. Never rejects.
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

function modelFault({ bc_model }: JobDocument, model: string | undefined): DocumentDecision | undefined {
  if (bc_model === undefined || bc_model === model) return undefined;
  const detail = model === undefined ? "this device has no model set" : "the image is for another model";
  return refused("wrong-model", { detail, expected: bc_model, actual: model ?? "none" });
}

function versionFault({ bc_min }: JobDocument, version: string | undefined): DocumentDecision | undefined {
  if (bc_min === undefined) return undefined;
  const comparison = version === undefined ? undefined : compareVersions(version, bc_min);
  if (comparison !== undefined && comparison >= 0) return undefined;
  const detail =
    version === undefined
      ? "this device has no version set"
      : comparison === undefined
        ? "the version of this device cannot be compared"
        : "the running version is too low for this update";
  return refused("version-too-low", { detail, expected: `at least ${bc_min}`, actual: version ?? "none" });
}

/** Also refuses a version that cannot be compared, because it may be older. */
function downgradeFault(
  { bc_version }: JobDocument,
  version: string | undefined,
): DocumentDecision | undefined {
  const comparison =
    bc_version === undefined || version === undefined ? undefined : compareVersions(bc_version, version);
  if (comparison !== undefined && comparison >= 0) return undefined;
  return refused("downgrade", {
    detail: "this device accepts no version below the running one",
    expected: `at least ${version ?? "the running version, which is not set on this device"}`,
    actual: bc_version ?? "none",
  });
}

/**
 * Accepts an expired document if the clock was never set, and so is behind: the device could not be updated otherwise.
 */
function expiryFault({ bc_exp }: JobDocument, nowMs: number | undefined): DocumentDecision | undefined {
  if (bc_exp === undefined || nowMs === undefined || nowMs < bc_exp * 1000) return undefined;
  return refused("order-expired", {
    detail: "the job expired before this device started it",
    expected: `before ${bc_exp}`,
    actual: `${Math.floor(nowMs / 1000)}`,
  });
}

/** Returns why an image cannot go into `slot`. `fota why` looks for these texts to find the command that helps. */
function slotFault(slot: number, record: BootRecord): string | undefined {
  if (slot >= record.slotCount) return `slot ${slot} does not exist, there are ${record.slotCount}`;
  if (slot === record.runningSlot) return `slot ${slot} is the running one`;
  if (slot === record.workingSlot) return `slot ${slot} is the one to revert to`;
  return undefined;
}

function refused(reason: Cause, about: Omit<Failure, "phase" | "reason">): DocumentDecision {
  return { kind: "refused", failure: { phase: "starting", reason, ...about } };
}

async function signatureFault(
  document: JobDocument,
  verify: NonNullable<DocumentRules["verifySignature"]>,
): Promise<string | undefined> {
  const signatures = document.bc_sig ?? [];
  if (signatures.length === 0) return "the job document is not signed";
  try {
    const statement = signedStatement(document);
    for (const { key, sig } of signatures) if (await verify(key, statement, sig)) return undefined;
  } catch (error) {
    return messageOf(error);
  }
  const keys = signatures.map(({ key }) => JSON.stringify(key)).join(", ");
  return `no signature is from a key that this device trusts: the document is signed with ${keys}`;
}
