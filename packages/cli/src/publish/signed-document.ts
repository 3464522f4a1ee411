import { FotaError, imagesOf, type JobDocument } from "@fota/shared";
import type { ImageFile } from "../image/image-file.js";
import { type SlotChoice, slotsOfRawImage } from "../image/slot-choice.js";
import type { JobSpec } from "../job/job-spec.js";
import type { FileSettings } from "../settings/config-schema.js";
import { compareImage, type ImageComparison, uncoveredSlots } from "../signing/compare-images.js";
import type { PublishRequest } from "./request.js";
import type { SlottedFile } from "./slots.js";

/** Takes from a signed document what neither the request nor the settings name; `slotsOfSigned` compares the rest. */
export function withSignedValues(
  request: PublishRequest,
  signed: JobDocument | undefined,
  settings: Pick<FileSettings, "model">,
): PublishRequest {
  if (signed === undefined) return request;
  const { bc_version: fwVersion, bc_model: model, bc_min: minVersion } = signed;
  return {
    ...(fwVersion !== undefined && { fwVersion }),
    ...(model !== undefined && settings.model === undefined && { model }),
    ...(minVersion !== undefined && { minVersion }),
    ...request,
  };
}

/**
 * Compares a signed document with the images and options of the command line, and returns its slots in its order.
 * @throws {FotaError} DOCUMENT_DIFFERS, naming every difference
 */
export function slotsOfSigned(
  signed: JobDocument,
  { spec, slots: choice }: { spec: JobSpec; slots: SlotChoice },
  files: readonly ImageFile[],
): [SlottedFile, ...SlottedFile[]] {
  const compared = files
    .flatMap((file) => statedSlots(file, choice).map((slot) => ({ file, slot })))
    .map(({ file, slot }) => ({ file, found: compareImage({ ...file, slot }, signed) }));
  const differences = [
    ...valueDifferences(spec, signed),
    ...compared.flatMap(({ found: { name, differences: texts } }) => texts.map((text) => `${name}, ${text}`)),
    ...missing(
      signed,
      compared.map(({ found }) => found),
    ),
  ];
  const slotted = imagesOf(signed).flatMap(({ bc_idx: slot }): SlottedFile[] => {
    const match = compared.find(({ found }) => found.slots.includes(slot));
    return match === undefined ? [] : [{ image: match.file, slot }];
  });
  const [first, ...others] = slotted;
  if (differences.length === 0 && first !== undefined) return [first, ...others];
  throw new FotaError(
    "DOCUMENT_DIFFERS",
    `the signed document is for something else: ${differences.join("; ")}`,
    {
      hint: "publish what was signed, or sign a new document for these images",
    },
  );
}

/** Returns the slots that a file is named for; `[undefined]`: the document says it, by the digests. */
function statedSlots({ slot }: ImageFile, choice: SlotChoice): (number | undefined)[] {
  if (slot !== undefined) return [slot];
  return choice.isStated ? slotsOfRawImage(choice) : [undefined];
}

function missing(signed: JobDocument, compared: readonly ImageComparison[]): string[] {
  if (compared.some(({ differences }) => differences.length > 0)) return []; // which file is missing is unknown
  return uncoveredSlots(signed, compared).map((slot) => `no image is given for slot ${slot}`);
}

function valueDifferences(spec: JobSpec, signed: JobDocument): string[] {
  const values = [
    ["version", spec.fwVersion, signed.bc_version],
    ["model", spec.model, signed.bc_model],
    ["minimum version", spec.minVersion, signed.bc_min],
  ] as const;
  return values.flatMap(([name, wanted, has]) =>
    wanted === has ? [] : [`${name} is ${wanted ?? "not given"}, and the document has ${has ?? "none"}`],
  );
}
