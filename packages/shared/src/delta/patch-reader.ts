import {
  applyFrame,
  FRAME_HEADER_BYTES,
  type FrameContext,
  type Inflate,
  parseFrameHeader,
  type ReadOld,
  scratchBytes,
} from "./frame.js";
import {
  DELTA_FRAME_BYTES_MAX,
  DELTA_HEADER_BYTES,
  type DeltaHeader,
  type ImageId,
  invalidDelta,
  parseDeltaHeader,
} from "./header.js";

/** A place between two frames, from which a patch can be read on. */
export interface PatchPosition {
  /** Bytes of the patch before it. */
  patchBytes: number;
  /** Bytes of the new image before it. */
  imageBytes: number;
  frameBytes: number;
}

export interface PatchReaderOptions {
  /** The image that the patch must make. */
  image: ImageId;
  /** The old image; `undefined` for a compressed whole image. */
  from?: ImageId | undefined;
  inflate: Inflate;
  readOld: ReadOld;
  /**
   * Refuses patches with larger frames: the memory in use is about 2.25 times the frame.
   * @default 1_048_576
   */
  frameBytesMax?: number | undefined;
  /** Where to read on. Absent at the beginning of the patch. */
  position?: PatchPosition | undefined;
}

/** Stores bytes of the new image, in order. The array is used again when it resolves. */
export type StoreImage = (bytes: Uint8Array) => Promise<void>;

/**
 * Makes a new image from a patch that comes in pieces of any size, and from the old image. The patch is not trusted:
 * sizes and bounds are checked before memory is taken or anything is read or stored, and each frame makes progress. The
 * bytes that it stores are whatever the patch says, so check the digest of the image afterwards.
 */
export class PatchReader {
  readonly #options: PatchReaderOptions;
  #position: PatchPosition | undefined;
  /** The part of the patch that is collected now: a header, or a payload. */
  #part: Uint8Array = new Uint8Array(DELTA_HEADER_BYTES);
  #partBytes = 0;
  /** Kind of the frame whose payload is collected; `undefined` while a header is. */
  #kind: number | undefined;
  #payload = new Uint8Array(0);
  #scratch = new Uint8Array(0);

  constructor(options: PatchReaderOptions) {
    this.#options = options;
    if (options.position !== undefined) this.#begin(options.position);
  }

  /** The end of the last complete frame; `undefined` before the header of the patch. */
  get position(): PatchPosition | undefined {
    return this.#position;
  }

  /** Tells whether the image is complete. */
  get isComplete(): boolean {
    return this.#position?.imageBytes === this.#options.image.sizeBytes;
  }

  /**
   * Reads the next piece of the patch, and stores each frame that it completes.
   * @throws {FotaError} DELTA_INVALID; also what `store` and `readOld` reject with
   */
  async write(piece: Uint8Array, store: StoreImage): Promise<void> {
    for (let read = 0; read < piece.length; ) {
      if (this.isComplete) throw invalidDelta("it goes on after its last frame");
      const count = Math.min(piece.length - read, this.#part.length - this.#partBytes);
      this.#part.set(piece.subarray(read, read + count), this.#partBytes);
      this.#partBytes += count;
      read += count;
      if (this.#partBytes === this.#part.length) await this.#endPart(store);
    }
  }

  async #endPart(store: StoreImage): Promise<void> {
    const part = this.#part;
    const position = this.#position;
    if (position === undefined) {
      const { frameBytes } = this.#checkHeader(parseDeltaHeader(part));
      this.#begin({ patchBytes: part.length, imageBytes: 0, frameBytes });
      return;
    }
    const context = this.#frameContext(position);
    if (this.#kind === undefined) {
      const { kind, payloadBytes } = parseFrameHeader(part, context);
      this.#kind = kind;
      this.#collect(this.#payload.subarray(0, payloadBytes));
      return;
    }
    await store(await applyFrame(this.#kind, part, context));
    this.#nextFrame({
      patchBytes: position.patchBytes + FRAME_HEADER_BYTES + part.length,
      imageBytes: position.imageBytes + context.lengthBytes,
      frameBytes: position.frameBytes,
    });
  }

  #begin(position: PatchPosition): void {
    const { frameBytes } = position;
    const { frameBytesMax = DELTA_FRAME_BYTES_MAX } = this.#options;
    if (frameBytes > frameBytesMax) {
      throw invalidDelta(`its frames have ${frameBytes} bytes, at most ${frameBytesMax} are allowed here`);
    }
    this.#payload = new Uint8Array(frameBytes);
    this.#scratch = new Uint8Array(scratchBytes(frameBytes));
    this.#nextFrame(position);
  }

  #nextFrame(position: PatchPosition): void {
    this.#position = position;
    this.#kind = undefined;
    this.#collect(new Uint8Array(FRAME_HEADER_BYTES));
  }

  #collect(part: Uint8Array): void {
    this.#part = part;
    this.#partBytes = 0;
  }

  #checkHeader(header: DeltaHeader): DeltaHeader {
    const { image, from } = this.#options;
    requireSame("new", header.image, image);
    requireSame("old", header.from, from);
    return header;
  }

  #frameContext({ imageBytes, frameBytes }: PatchPosition): FrameContext {
    const { image, from, inflate, readOld } = this.#options;
    return {
      frameBytes,
      offsetBytes: imageBytes,
      lengthBytes: Math.min(frameBytes, image.sizeBytes - imageBytes),
      oldBytes: from?.sizeBytes ?? 0,
      inflate,
      readOld,
      scratch: this.#scratch,
    };
  }
}

function requireSame(which: "old" | "new", found: ImageId | undefined, expected: ImageId | undefined): void {
  if (found?.sizeBytes === expected?.sizeBytes && found?.sha256 === expected?.sha256) return;
  throw invalidDelta(`its ${which} image is ${describe(found)}, expected was ${describe(expected)}`);
}

function describe(image: ImageId | undefined): string {
  return image === undefined ? "none" : `${image.sizeBytes} bytes with SHA-256 ${image.sha256}`;
}
