import { type DocumentImage, imagesOf, type JobDocument } from "@fota/shared";
import type { ImageFile } from "../image/image-file.js";

/** An image file as it is compared; without a slot, it may be for any slot of the document. */
export type ComparedFile = Pick<ImageFile, "name" | "sizeBytes" | "md5" | "sha256"> & {
  slot: number | undefined;
};

/** Holds the slots of a document that a file is for, or what differs. */
export interface ImageComparison {
  name: string;
  /** Slots whose image the file is. */
  slots: number[];
  /** Empty if the file is an image of the document. */
  differences: string[];
}

/** Compares size, MD5 and SHA-256 of a file with the images of a job document. */
export function compareImage(file: ComparedFile, document: JobDocument): ImageComparison {
  const { name, slot } = file;
  const images = imagesOf(document);
  const wanted = slot === undefined ? images : images.filter(({ bc_idx }) => bc_idx === slot);
  const same = wanted.filter((image) => differencesOf(file, image).length === 0);
  if (same.length > 0) return { name, slots: same.map(({ bc_idx }) => bc_idx), differences: [] };
  const differences =
    wanted.length === 0
      ? [`the document has no image for slot ${slot}`]
      : wanted.flatMap((image) => differencesOf(file, image).map((text) => `slot ${image.bc_idx}: ${text}`));
  return { name, slots: [], differences };
}

/** Returns the slots of the document that none of the files is for. */
export function uncoveredSlots(document: JobDocument, compared: readonly ImageComparison[]): number[] {
  const covered = new Set(compared.flatMap(({ slots }) => slots));
  return imagesOf(document).flatMap(({ bc_idx }) => (covered.has(bc_idx) ? [] : [bc_idx]));
}

function differencesOf({ sizeBytes, md5, sha256 }: ComparedFile, image: DocumentImage): string[] {
  const { bc_size, bc_crc, bc_sha256 } = image;
  const differs = (what: string, has: string | number, wanted: string | number | undefined) =>
    wanted === undefined || has === wanted ? [] : [`${what} is ${has}, and the document has ${wanted}`];
  return [
    ...differs("size", sizeBytes, bc_size),
    ...differs("MD5", md5, bc_crc),
    ...differs("SHA-256", sha256, bc_sha256),
  ];
}
