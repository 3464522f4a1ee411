import { FotaError } from "../errors.js";

/** Bytes of the header of a patch (docs/delta.md). */
export const DELTA_HEADER_BYTES = 88;

/** Smallest and largest frame: 4 KiB and 1 MiB. Always a power of two. */
export const DELTA_FRAME_BYTES_MIN = 4096;
export const DELTA_FRAME_BYTES_MAX = 1_048_576;

/** An image by its size and SHA-256 in lower-case hex. */
export interface ImageId {
  sizeBytes: number;
  sha256: string;
}

/** What the header of a patch says. */
export interface DeltaHeader {
  /** Bytes of the new image in each frame; the last frame may have fewer. */
  frameBytes: number;
  /** The image that the patch makes. */
  image: ImageId;
  /** The image that the device must have; `undefined` for a compressed whole image. */
  from?: ImageId;
}

const MAGIC = [0x46, 0x44, 0x4c, 0x54, 1]; // "FDLT", version 1

/** Returns the `DELTA_HEADER_BYTES` bytes of a header. */
export function encodeDeltaHeader({ frameBytes, image, from }: DeltaHeader): Uint8Array {
  const bytes = new Uint8Array(DELTA_HEADER_BYTES);
  bytes.set(MAGIC);
  bytes[5] = Math.log2(frameBytes);
  putNumber(bytes, 8, image.sizeBytes);
  putNumber(bytes, 16, from?.sizeBytes ?? 0);
  putHex(bytes, 24, image.sha256);
  if (from !== undefined) putHex(bytes, 56, from.sha256);
  return bytes;
}

/**
 * Parses the first `DELTA_HEADER_BYTES` bytes of a patch from an untrusted source. Allocates nothing that depends on
 * them.
 * @throws {FotaError} DELTA_INVALID
 */
export function parseDeltaHeader(bytes: Uint8Array): DeltaHeader {
  if (bytes.length < DELTA_HEADER_BYTES) throw invalidDelta(`it ends in its header, at byte ${bytes.length}`);
  if (MAGIC.some((byte, index) => index < 4 && bytes[index] !== byte)) {
    throw invalidDelta("it does not begin with FDLT");
  }
  if (bytes[4] !== MAGIC[4]) throw invalidDelta(`its format has version ${bytes[4]}, this program reads 1`);
  if (bytes[6] !== 0 || bytes[7] !== 0) throw invalidDelta("reserved bytes of its header are not 0");
  const frameBytes = 2 ** (bytes[5] ?? 0);
  if (frameBytes < DELTA_FRAME_BYTES_MIN || frameBytes > DELTA_FRAME_BYTES_MAX) {
    throw invalidDelta(`its frames have 2^${bytes[5]} bytes, allowed are 2^12 to 2^20`);
  }
  const image = { sizeBytes: takeNumber(bytes, 8), sha256: takeHex(bytes, 24) };
  const from = { sizeBytes: takeNumber(bytes, 16), sha256: takeHex(bytes, 56) };
  if (image.sizeBytes === 0) throw invalidDelta("the size of its image is 0");
  if (from.sizeBytes > 0) return { frameBytes, image, from };
  if (/[1-9a-f]/.test(from.sha256)) throw invalidDelta("it names an old image of 0 bytes");
  return { frameBytes, image };
}

export function invalidDelta(fault: string): FotaError {
  return new FotaError("DELTA_INVALID", `the patch is not valid: ${fault}`);
}

/** Writes 8 bytes, little-endian. */
export function putNumber(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let index = 0; index < 8; index += 1) {
    bytes[at + index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Reads 8 bytes, little-endian. @throws {FotaError} DELTA_INVALID above 2^53 - 1 */
export function takeNumber(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 7; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0);
  if (value > Number.MAX_SAFE_INTEGER) throw invalidDelta(`a number at byte ${at} is above 2^53 - 1`);
  return value;
}

function putHex(bytes: Uint8Array, at: number, hex: string): void {
  for (let index = 0; index < hex.length; index += 2) {
    bytes[at + index / 2] = Number.parseInt(hex.slice(index, index + 2), 16);
  }
}

function takeHex(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 32), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
