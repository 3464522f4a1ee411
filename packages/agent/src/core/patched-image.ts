import {
  type DocumentDelta,
  isFotaError,
  type PatchPosition,
  PatchReader,
  type PatchReaderOptions,
} from "@fota/shared";
import type { DownloadBudget } from "./download-budget.js";
import type { DownloadDevice, DownloadRequest, DownloadSink } from "./download-request.js";
import type { OldImage } from "./old-image.js";
import type { SlotDigests } from "./ports.js";
import { SlotImage } from "./slot-image.js";
import type { Journal, PatchFault, PatchJournal } from "./update-state.js";
import { matchesTarget } from "./verify.js";

/** A patch that this device can use. */
export interface FittingPatch {
  delta: DocumentDelta;
  /** The image that it refers to; `undefined` for a compressed image. */
  old: OldImage | undefined;
}

/**
 * The image that a patch makes in its slot. Its bytes are those of the patch; the journal names the last frame that is
 * durable in the slot, and where the patch goes on after it.
 */
export class PatchedImage implements DownloadSink {
  readonly #device: DownloadDevice;
  readonly #request: DownloadRequest;
  readonly #budget: DownloadBudget;
  readonly #delta: DocumentDelta;
  readonly #options: PatchReaderOptions;
  readonly #image: SlotImage;
  #reader: PatchReader;
  #receivedBytes: number;
  /** The ends of frames, from the last one that is stored on. At most as many as fit into the buffers of the slot. */
  #frames: PatchPosition[];
  /** Why the patch does not work, once `write` or `finish` has rejected because of it. */
  fault: PatchFault | undefined;

  /** The journal of `request` must be about this patch, or at byte 0. */
  constructor(
    device: DownloadDevice,
    request: DownloadRequest,
    budget: DownloadBudget,
    { delta, old }: FittingPatch,
    limits: Pick<PatchReaderOptions, "inflate" | "frameBytesMax">,
  ) {
    const { target, journal, onProgress } = request;
    const { sizeBytes, sha256 = "" } = target;
    const { from_sha256, from_size = 0 } = delta;
    this.#device = device;
    this.#request = request;
    this.#budget = budget;
    this.#delta = delta;
    this.#options = {
      ...limits,
      image: { sizeBytes, sha256 },
      from: from_sha256 === undefined ? undefined : { sizeBytes: from_size, sha256: from_sha256 },
      readOld: async (offsetBytes, bytes) => await old?.read(offsetBytes, bytes),
    };
    const { patchBytes = 0, frameBytes = 0, etag } = (journal.patch ?? {}) as Partial<PatchJournal>;
    const position = { patchBytes, imageBytes: journal.offsetBytes, frameBytes };
    this.#frames = patchBytes === 0 ? [] : [position];
    this.#reader = this.#readerAt(this.#frames[0]);
    this.#receivedBytes = patchBytes;
    this.#image = new SlotImage(
      device,
      {
        ...request,
        journal: { ...journal, ...(etag !== undefined && { etag }) },
        saveJournal: (advanced) => this.#save(advanced),
        onProgress: (bytes) => {
          this.#dropBefore(bytes);
          onProgress(bytes);
        },
      },
      budget,
    );
  }

  /** Bytes of the patch received so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get isComplete(): boolean {
    return this.#receivedBytes === this.#delta.bytes;
  }

  get needsErase(): boolean {
    return this.#image.needsErase;
  }

  get etag(): string | undefined {
    return this.#image.etag;
  }

  set etag(etag: string | undefined) {
    this.#image.etag = etag;
  }

  async findComplete(): Promise<SlotDigests | undefined> {
    return await this.#image.findComplete();
  }

  async begin(): Promise<string | undefined> {
    return await this.#image.begin();
  }

  /**
   * Writes the frames that `piece` completes. A few bytes may be frames for much of the image, so an interruption also
   * ends it between two of them. Rejects with DELTA_INVALID, and with errors of either slot.
   */
  async write(piece: Uint8Array): Promise<void> {
    const { interruption } = this.#request;
    this.#receivedBytes += piece.length;
    try {
      await this.#reader.write(piece, async (bytes) => {
        this.#noteFrame(); // the one before, if this piece has completed it
        if (interruption.reason !== undefined) throw new Error("interrupted");
        await this.#image.write(bytes);
      });
    } catch (error) {
      if (interruption.reason !== undefined) {
        this.#receivedBytes = this.#reader.position?.patchBytes ?? 0; // the rest of the piece is fetched again
        return;
      }
      if (isFotaError(error, "DELTA_INVALID")) this.fault = "patch-invalid";
      throw error;
    }
    this.#noteFrame();
  }

  async waitForWrite(): Promise<void> {
    await this.#image.waitForWrite();
  }

  /** Makes the image durable, and compares its digests, read back from the slot, with the job document. */
  async finish(): Promise<SlotDigests> {
    if (!this.#reader.isComplete) {
      this.fault = "patch-invalid";
      throw new Error("the patch ends before its last frame");
    }
    const { target } = this.#request;
    const { slots } = this.#device;
    const found = (await this.#image.finish()) ?? (await slots.digest(target.slot, target.sizeBytes));
    if (matchesTarget(found, target)) return found;
    this.fault = "digest-mismatch";
    throw new Error("the patch makes another image than the one in the job document");
  }

  async rewind(): Promise<void> {
    await this.#image.rewind();
    this.#frames = [];
    this.#reader = this.#readerAt(undefined);
    this.#receivedBytes = 0;
  }

  async suspend(): Promise<void> {
    await this.#image.suspend();
  }

  async close(): Promise<void> {
    await this.#image.close();
  }

  #readerAt(position: PatchPosition | undefined): PatchReader {
    return new PatchReader({ ...this.#options, position });
  }

  #noteFrame(): void {
    const { position } = this.#reader;
    if (position !== undefined && position !== this.#frames.at(-1)) this.#frames.push(position);
  }

  /** Drops the frames before the last one that ends within the first `imageBytes` bytes of the image. */
  #dropBefore(imageBytes: number): void {
    while ((this.#frames[1]?.imageBytes ?? Infinity) <= imageBytes) this.#frames.shift();
  }

  /** Saves that `offsetBytes` bytes of the image are durable: as the last frame within them. */
  async #save({ offsetBytes, etag, erases, fetchedBytes = 0 }: Journal): Promise<void> {
    const { sha256, bytes } = this.#delta;
    this.#dropBefore(offsetBytes);
    const [frame] = this.#frames;
    const { imageBytes, patchBytes, frameBytes } =
      offsetBytes > 0 && frame !== undefined ? frame : { imageBytes: 0, patchBytes: 0, frameBytes: 0 };
    const journal: Journal = {
      offsetBytes: imageBytes,
      ...(erases !== undefined && { erases }),
      // What is counted in advance is never more than what is left of the patch.
      fetchedBytes: Math.min(fetchedBytes, this.#budget.spent.fetchedBytes + bytes - patchBytes),
    };
    if (imageBytes > 0) {
      journal.patch = { sha256, patchBytes, frameBytes, ...(etag !== undefined && { etag }) };
    }
    await this.#request.saveJournal(journal);
  }
}
