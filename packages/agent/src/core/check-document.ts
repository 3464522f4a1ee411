import {
  type Cause,
  compareVersions,
  type DocumentImage,
  imagesOf,
  isFotaDocument,
  isPresignPlaceholder,
  type JobDocument,
  messageOf,
  parsePlainDocument,
} from "@fota/shared";
import type { BootRecord, Device } from "./ports.js";
import type { TrustedDocument, TrustRules } from "./trust-ports.js";
import type { Failure, UpdateTarget } from "./update-state.js";
import { type UrlRules, urlFault } from "./url-rules.js";

/** A document that this device may act on, as far as its sender goes. */
export interface TrustedReading {
  kind: "trusted";
  document: JobDocument;
  /** What a signed document gives to a device with trusted keys. Absent without such keys, or for an unsigned one. */
  trusted?: TrustedDocument;
}

type Refusal = { kind: "refused"; failure: Failure };
/** Another kind of job, for the firmware to handle. */
type Foreign = { kind: "not-fota" };

type Update = { kind: "update"; target: UpdateTarget; document: JobDocument; trusted?: TrustedDocument };

export type DocumentDecision = Update | Refusal | Foreign;

/** What a job document is checked against, besides the slots. */
export type DocumentRules = UrlRules & {
  model?: string | undefined;
  firmwareVersion?: string | undefined;
  wallClockMs?: Device["wallClockMs"] | undefined;
  allowDowngrade?: boolean | undefined;
  /** The name that this device has at AWS IoT, if it is known. */
  thingName?: string | undefined;
  trust?: TrustRules | undefined;
};

/**
 * Decides what a job document means for this device, before any slot or record is touched: on a device with trusted
 * keys, first whether enough of them signed it (B-5), so that an attacker learns nothing about the device; then whether
 * the device can act on it, and which image it installs (the first one for a slot that is not in use; the device knows
 * its slots, B-4). Rejects only if `rules.trust` does.
 */
export async function checkDocument(
  document: unknown,
  record: BootRecord,
  rules: DocumentRules,
): Promise<DocumentDecision> {
  const reading = await readDocument(document, rules.trust);
  return reading.kind === "trusted" ? await judgeDocument(reading, record, rules) : reading;
}

/** Parses a document and verifies its signatures. Rejects only if `trust` does. */
export async function readDocument(
  document: unknown,
  trust: TrustRules | undefined,
): Promise<TrustedReading | Refusal | Foreign> {
  if (!isFotaDocument(document)) return { kind: "not-fota" };
  let parsed: JobDocument;
  try {
    parsed = (trust?.parse ?? parsePlainDocument)(document);
  } catch (error) {
    return refused("bad fota data", { detail: messageOf(error) });
  }
  const isUnsigned = parsed.bc_sig === undefined && trust?.allowUnsigned === true;
  if (trust === undefined || isUnsigned) return { kind: "trusted", document: parsed };
  const trusted = await trust.verify(parsed);
  if ("fault" in trusted) return refused("signature-invalid", { detail: trusted.fault });
  return { kind: "trusted", document: parsed, trusted };
}

/** Checks everything that the signature does not say. Rejects only if `rules.trust` does. */
export async function judgeDocument(
  reading: TrustedReading,
  record: BootRecord,
  rules: DocumentRules,
): Promise<Update | Refusal> {
  const { document, trusted } = reading;
  const unfit = (await fitnessFault(reading, rules)) ?? expiryFault(document, rules);
  if (unfit !== undefined) return unfit;
  const images = imagesOf(document);
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
  return { kind: "update", target: targetOf(image, document), document, ...(trusted && { trusted }) };
}

/** Returns why the image is not for this device, is another product's or an older one; `undefined` if it fits. */
export async function fitnessFault(
  { document, trusted }: Omit<TrustedReading, "kind">,
  rules: DocumentRules,
): Promise<Refusal | undefined> {
  const isSigned = trusted !== undefined;
  return (
    addresseeFault(document, rules, isSigned) ??
    versionFault(document, rules.firmwareVersion) ??
    downgradeFault(document, rules, isSigned) ??
    (trusted && rules.trust ? await oldFault(document, trusted, rules.trust) : undefined)
  );
}

function targetOf(image: DocumentImage, { bc_version: version }: JobDocument): UpdateTarget {
  const { bc_idx: slot, bc_size: sizeBytes, bc_crc: md5, bc_sha256: sha256, bc_url: url } = image;
  const target = { slot, sizeBytes, md5, url, deltas: image.bc_delta };
  return { ...target, ...(sha256 !== undefined && { sha256 }), ...(version !== undefined && { version }) };
}

/**
 * Returns all images of a document as update targets, the legacy one first; none when the document is not valid. Use it
 * to ask about the past ("does one of these run?"), not to start work: it checks only the form. Never throws.
 */
export function targetsIn(document: unknown): UpdateTarget[] {
  try {
    const parsed = parsePlainDocument(document);
    return imagesOf(parsed).map((image) => targetOf(image, parsed));
  } catch {
    return [];
  }
}

/** Returns the images of a document that was read, as update targets, the legacy one first. */
export function targetsOf({ document }: TrustedReading): UpdateTarget[] {
  return imagesOf(document).map((image) => targetOf(image, document));
}

/** Tells whether a document is for this device, whatever it says of slots, versions and time. */
export function isAddressed({ document, trusted }: TrustedReading, rules: DocumentRules): boolean {
  return addresseeFault(document, rules, trusted !== undefined) === undefined;
}

/** Checks whether the document is for this device. A signed one must name the model, if the device has one. */
function addresseeFault(
  { bc_for, bc_model }: JobDocument,
  { model, thingName }: DocumentRules,
  isSigned: boolean,
): Refusal | undefined {
  if (bc_for !== undefined && (thingName === undefined || !bc_for.includes(thingName))) {
    const detail =
      thingName === undefined
        ? "the job document is for certain things, and this device does not know its name yet"
        : "the job document is for other things";
    return refused("wrong-thing", { detail, expected: bc_for.join(", "), actual: thingName ?? "none" });
  }
  if (bc_model === model || (bc_model === undefined && !isSigned)) return undefined;
  const detail =
    bc_model === undefined
      ? "the signed job document names no model, so it could be for another one"
      : model === undefined
        ? "this device has no model set"
        : "the image is for another model";
  return refused("wrong-model", { detail, expected: bc_model ?? "a model", actual: model ?? "none" });
}

function versionFault({ bc_min }: JobDocument, version: string | undefined): Refusal | undefined {
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

/**
 * Also refuses a version that cannot be compared, because it may be older. A signed document is held to this without
 * the option, unless it allows the downgrade itself or the device has no version to compare with.
 */
function downgradeFault(
  { bc_version, bc_down }: JobDocument,
  { allowDowngrade, firmwareVersion: version }: DocumentRules,
  isSigned: boolean,
): Refusal | undefined {
  if (isSigned && bc_down === true) return undefined;
  if (allowDowngrade ?? (!isSigned || version === undefined)) return undefined;
  const comparison =
    bc_version === undefined || version === undefined ? undefined : compareVersions(bc_version, version);
  if (comparison !== undefined && comparison >= 0) return undefined;
  return refused("downgrade", {
    detail: "this device accepts no version below the running one",
    expected: `at least ${version ?? "the running version, which is not set on this device"}`,
    actual: bc_version ?? "none",
  });
}

async function oldFault(
  document: JobDocument,
  trusted: TrustedDocument,
  { sequenceFault }: TrustRules,
): Promise<Refusal | undefined> {
  const about = await sequenceFault(document, trusted);
  return about && refused("sequence-refused", about);
}

/**
 * Accepts an expired document if the clock was never set, and so is behind: the device could not be updated otherwise.
 * With trusted keys, the present is never earlier than the build and the last signature.
 */
function expiryFault({ bc_exp }: JobDocument, { wallClockMs, trust }: DocumentRules): Refusal | undefined {
  if (bc_exp === undefined) return undefined;
  const nowSeconds = Math.max(Math.floor((wallClockMs?.() ?? 0) / 1000), trust?.timeSeconds ?? 0);
  if (nowSeconds < bc_exp) return undefined;
  return refused("order-expired", {
    detail: "the job expired before this device started it",
    expected: `before ${bc_exp}`,
    actual: `${nowSeconds}`,
  });
}

/** Returns why an image cannot go into `slot`. `fota why` looks for these texts to find the command that helps. */
function slotFault(slot: number, record: BootRecord): string | undefined {
  if (slot >= record.slotCount) return `slot ${slot} does not exist, there are ${record.slotCount}`;
  if (slot === record.runningSlot) return `slot ${slot} is the running one`;
  if (slot === record.workingSlot) return `slot ${slot} is the one to revert to`;
  return undefined;
}

function refused(reason: Cause, about: Omit<Failure, "phase" | "reason">): Refusal {
  return { kind: "refused", failure: { phase: "starting", reason, ...about } };
}
