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
} from "@fota/shared";
import type { BootRecord, Device } from "./ports.js";
import type { Failure, UpdateTarget } from "./update-state.js";
import { type UrlRules, urlFault } from "./url-rules.js";

export type DocumentDecision =
  | { kind: "update"; target: UpdateTarget; document: JobDocument }
  | { kind: "refused"; failure: Failure }
  /** Another kind of job: not ours to judge. */
  | { kind: "not-fota" };

/** What a device holds an order against, beside its slots. */
export type DocumentRules = Pick<Device, "model" | "firmwareVersion" | "wallClockMs" | "verifySignature"> &
  UrlRules & { allowDowngrade?: boolean | undefined };

/**
 * Decides what an unknown job document means for this device, before any slot or record is touched. Takes the entry
 * for a slot that does not run; the slot comes from the device, the document's index is a claim to check (B-4). Never
 * throws.
 */
export function checkDocument(document: unknown, record: BootRecord, rules: DocumentRules): DocumentDecision {
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
      detail: "bc_url is still the placeholder: AWS IoT did not presign it",
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
 * All images of a document as orders, the legacy one first; none where the document cannot be read. For questions
 * about the past ("does one of these run?"), not for new work: nothing but the form is checked. Never throws.
 */
export function targetsIn(document: unknown): UpdateTarget[] {
  try {
    const parsed = parseJobDocument(document);
    return imagesOf(parsed).map((image) => targetOf(image, parsed));
  } catch {
    return [];
  }
}

export function modelFault(
  { bc_model }: JobDocument,
  model: string | undefined,
): DocumentDecision | undefined {
  if (bc_model === undefined || bc_model === model) return undefined;
  const detail = model === undefined ? "this device states no model" : "the image is for another model";
  return refused("wrong-model", { detail, expected: bc_model, actual: model ?? "none" });
}

function versionFault({ bc_min }: JobDocument, version: string | undefined): DocumentDecision | undefined {
  if (bc_min === undefined) return undefined;
  const comparison = version === undefined ? undefined : compareVersions(version, bc_min);
  if (comparison !== undefined && comparison >= 0) return undefined;
  const detail =
    version === undefined
      ? "this device states no version"
      : comparison === undefined
        ? "the version of this device cannot be compared"
        : "the running version is too low for this update";
  return refused("version-too-low", { detail, expected: `at least ${bc_min}`, actual: version ?? "none" });
}

/** What cannot be compared may be older, and is refused too. */
function downgradeFault(
  { bc_version }: JobDocument,
  version: string | undefined,
): DocumentDecision | undefined {
  const comparison =
    bc_version === undefined || version === undefined ? undefined : compareVersions(bc_version, version);
  if (comparison !== undefined && comparison >= 0) return undefined;
  return refused("downgrade", {
    detail: "this device takes no version below the running one",
    expected: `at least ${version ?? "a version, which this device does not state"}`,
    actual: bc_version ?? "none",
  });
}

/** A clock that was never set is behind, and lets the order through: the device would else never be updated. */
function expiryFault({ bc_exp }: JobDocument, nowMs: number | undefined): DocumentDecision | undefined {
  if (bc_exp === undefined || nowMs === undefined || nowMs < bc_exp * 1000) return undefined;
  return refused("order-expired", {
    detail: "the order was not begun in time",
    expected: `before ${bc_exp}`,
    actual: `${Math.floor(nowMs / 1000)}`,
  });
}

function slotFault(slot: number, record: BootRecord): string | undefined {
  if (slot >= record.slotCount) return `slot ${slot} does not exist, there are ${record.slotCount}`;
  if (slot === record.runningSlot) return `slot ${slot} is the running one`;
  if (slot === record.workingSlot) return `slot ${slot} is the one to fall back to`;
  return undefined;
}

export function refused(reason: Cause, about: Omit<Failure, "phase" | "reason">): DocumentDecision {
  return { kind: "refused", failure: { phase: "starting", reason, ...about } };
}
