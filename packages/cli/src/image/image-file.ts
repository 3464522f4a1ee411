import { createReadStream } from "node:fs";
import { access, constants, open, readFile, stat } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { Readable } from "node:stream";
import { FotaError, messageOf } from "@fota/shared";
import { digestFile } from "./digest-file.js";
import { createDigester, type Digests, PART_SIZE_BYTES } from "./digests.js";
import type { ImageArgument } from "./image-argument.js";
import { imageInMemory, type OpenImage } from "./image-bytes.js";
import { PagedFile } from "./paged-file.js";
import { invalidZtcImage, readZtcImage } from "./ztc-image.js";

/** Sets the size of a read: small enough to keep memory flat, large enough to keep the digests busy. */
const READ_SIZE_BYTES = 1024 * 1024;
/** S3 allows 10,000 parts. */
const IMAGE_MAX_BYTES = 10_000 * PART_SIZE_BYTES;
/** Above this size, a thread for MD5 saves more time than it costs. */
const ONE_THREAD_MAX_BYTES = 32 * 1024 * 1024;
/** Larger JSON files are not parsed: no device of the original library has such images. */
const ZTC_MAX_BYTES = 256 * 1024 * 1024;

/** Holds an image that was read once and can be read again for the upload. */
export interface ImageFile extends Digests {
  name: string;
  /** The slot that the image is linked for, if the file or its name on the command line says it. */
  slot: number | undefined;
  /** Streams the whole image from the start. */
  stream(): Readable;
  /** Fills `into` with the bytes from `position` on; returns their count. */
  read(into: Buffer, position: number): Promise<number>;
  /** Opens the image for random access, with up to `memoryBytes` bytes of it in memory. */
  open(memoryBytes: number): Promise<OpenImage>;
}

export interface ReadOptions {
  cwd: string;
  signal: AbortSignal;
  /** Says whether a large image will be uploaded in parts; their digests are computed too. */
  inParts: boolean;
  onBytes(count: number): void;
}

/**
 * Checks an image file and reads it once to compute its digests.
 * @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_EMPTY, IMAGE_INVALID, IMAGE_TOO_LARGE, IMAGE_CHANGED,
 * SLOT_INVALID when the file names another slot
 */
export async function readImageFile({ path, slot }: ImageArgument, options: ReadOptions): Promise<ImageFile> {
  const absolute = resolve(options.cwd, path);
  const sizeBytes = await checkFile(absolute, path);
  const ztc = await readIfZtc(absolute, path, sizeBytes, options.signal);
  if (ztc === undefined) {
    const content = fileContent(absolute, sizeBytes);
    const inParts = options.inParts && sizeBytes > PART_SIZE_BYTES;
    const digesting =
      sizeBytes > ONE_THREAD_MAX_BYTES
        ? digestFile(absolute, { ...options, inParts })
        : digestStream(content.stream(options.signal), { ...options, inParts });
    const digests = await digesting.catch((cause: unknown) => {
      if (options.signal.aborted) throw new FotaError("INTERRUPTED", "interrupted", { cause });
      throw new FotaError("IMAGE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, { cause });
    });
    if (digests.sizeBytes !== sizeBytes) throw imageChanged(path);
    return { name: basename(absolute), slot, ...digests, ...content };
  }
  if (slot !== undefined && slot !== ztc.slot) throw otherSlot(path, ztc.slot, slot);
  const content = bufferContent(ztc.image);
  const inParts = options.inParts && ztc.image.length > PART_SIZE_BYTES;
  const digests = await digestStream(content.stream(), { ...options, inParts });
  return { name: `${basename(absolute, extname(absolute))}.bin`, slot: ztc.slot, ...digests, ...content };
}

export function imageChanged(name: string, cause?: unknown): FotaError {
  return new FotaError("IMAGE_CHANGED", `${name} changed while it was being read`, {
    hint: "let the build finish, then publish again; no job was created",
    cause,
  });
}

/** Reads the file again and returns whether its digest is the same; `false` if it cannot be read. */
export async function isUnchanged(image: ImageFile): Promise<boolean> {
  const digester = createDigester(false);
  try {
    for await (const piece of image.stream()) digester.update(piece);
  } catch {
    return false;
  }
  return digester.digests().sha256 === image.sha256;
}

export function otherSlot(name: string, slot: number, wanted: number): FotaError {
  return new FotaError("SLOT_INVALID", `${name} is linked for slot ${slot}, not for slot ${wanted}`, {
    hint: "link it for the slot that devices will write, or leave the slot out: the file says it",
  });
}

function fileContent(path: string, sizeBytes: number) {
  return {
    stream: (signal?: AbortSignal): Readable =>
      createReadStream(path, { highWaterMark: READ_SIZE_BYTES, ...(signal !== undefined && { signal }) }),
    async read(into: Buffer, position: number): Promise<number> {
      const file = await open(path);
      try {
        return (await file.read(into, 0, into.length, position)).bytesRead;
      } finally {
        await file.close();
      }
    },
    open: (memoryBytes: number): Promise<OpenImage> => PagedFile.open(path, sizeBytes, memoryBytes),
  };
}

function bufferContent(image: Buffer) {
  return {
    stream: (): Readable =>
      Readable.from(piecesOf(image), { objectMode: false, highWaterMark: READ_SIZE_BYTES }),
    read: async (into: Buffer, position: number): Promise<number> => image.copy(into, 0, position),
    open: async (): Promise<OpenImage> => imageInMemory(image),
  };
}

function* piecesOf(image: Buffer): Generator<Buffer> {
  for (let at = 0; at < image.length; at += READ_SIZE_BYTES) yield image.subarray(at, at + READ_SIZE_BYTES);
}

async function digestStream(
  stream: Readable,
  { inParts, onBytes }: Pick<ReadOptions, "inParts" | "onBytes">,
): Promise<Digests> {
  const digester = createDigester(inParts);
  for await (const piece of stream) {
    digester.update(piece);
    onBytes(piece.length);
  }
  return digester.digests();
}

/**
 * Returns the image in JSON of `ztc -J link`; `undefined` for a raw binary. Throws if a file named .json is not such
 * JSON.
 */
async function readIfZtc(absolute: string, path: string, sizeBytes: number, signal: AbortSignal) {
  const named = extname(absolute).toLowerCase() === ".json";
  if (sizeBytes > ZTC_MAX_BYTES || (!named && !(await startsAsJson(absolute)))) return undefined;
  const ztc = readZtcImage(await readFile(absolute, { signal }), path);
  if (ztc === undefined && named) throw invalidZtcImage(path, "it has no bcbin, the bytecode");
  return ztc; // if it is undefined, the file is a raw binary that happens to start with a brace
}

async function startsAsJson(absolute: string): Promise<boolean> {
  const start = Buffer.alloc(16);
  await fileContent(absolute, 0).read(start, 0);
  return /^(\xef\xbb\xbf)?\s*\{\s*"/.test(start.toString("latin1"));
}

async function checkFile(absolute: string, path: string): Promise<number> {
  const found = await stat(absolute).catch((cause: unknown) => {
    const hint = "give the path of the image that the build wrote";
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw unreadable(path, messageOf(cause), hint, cause);
    throw new FotaError("IMAGE_NOT_FOUND", `there is no file ${JSON.stringify(path)}`, { hint, cause });
  });
  if (found.isDirectory()) throw unreadable(path, "it is a folder", "give the file in it");
  if (!found.isFile()) throw unreadable(path, "it is not a regular file", "save it to a file first");
  await access(absolute, constants.R_OK).catch((cause: unknown) => {
    throw unreadable(path, "permission denied", "check the file's owner and mode", cause);
  });
  if (found.size === 0) {
    throw new FotaError("IMAGE_EMPTY", `${path} is empty`, { hint: "check that the build finished" });
  }
  if (found.size <= IMAGE_MAX_BYTES) return found.size;
  throw new FotaError(
    "IMAGE_TOO_LARGE",
    `${path} has ${found.size} bytes, at most ${IMAGE_MAX_BYTES} are allowed`,
    {
      hint: "this is more than any slot: check that it is the image",
    },
  );
}

function unreadable(path: string, reason: string, hint: string, cause?: unknown): FotaError {
  return new FotaError("IMAGE_UNREADABLE", `cannot read ${path}: ${reason}`, { hint, cause });
}
