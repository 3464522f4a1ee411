import { createHash } from "node:crypto";
import { deflateSync } from "fflate";
import { encodeDeltaHeader, type ImageId } from "../../packages/shared/src/index.js";

const FRAME_BYTES = 4096;
const STORED = 0;
const DEFLATED = 1;
const COPY = 2;
const DELTA = 3;
/** 2^49 - 1, the largest number in an operation. */
const LARGEST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

/** The old image of all cases. */
const OLD = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
const OLD_ID = idOf(OLD);

/** One case of `vectors/deltas.json`. */
export interface DeltaVector {
  name: string;
  /** The image that the job document names. */
  image: ImageId;
  /** The old image that the job document names: that of all cases, or another. Missing for a compressed whole image. */
  from?: ImageId;
  /** In base64. */
  patch: string;
  verdict: "made" | "refused";
}

/** Returns what `vectors/deltas.json` holds. */
export function deltaVectors(): { old: string; cases: DeltaVector[] } {
  return { old: toBase64(OLD), cases: [...madeCases(), ...refusedFrames(), ...refusedPatches()] };
}

function madeCases(): DeltaVector[] {
  const ends = [0xee, 0xee, 0xee];
  return [
    made(
      "stored frames",
      OLD.subarray(0, 5000),
      stored(OLD.subarray(0, 4096)),
      stored(OLD.subarray(4096, 5000)),
    ),
    made(
      "a deflated frame",
      new Uint8Array(300).fill(5),
      frame(DEFLATED, deflate(new Uint8Array(300).fill(5))),
    ),
    made("a copy from byte 3 on", OLD.subarray(3, 103), frame(COPY, offset(3))),
    made("a copy of the last bytes", OLD.subarray(-100), frame(COPY, offset(OLD.length - 100))),
    made("an image of 1 byte", Uint8Array.of(9), stored(Uint8Array.of(9))),
    made("differences of 0", OLD.subarray(0, 300), delta([0, ...varint(300), 0], zeros(300))),
    made(
      "differences modulo 256",
      plus(OLD.subarray(0, 300), 255),
      delta([0, ...varint(300), 0], zeros(300, 255)),
    ),
    made("literal bytes alone", zeros(300, 7), delta([...varint(300), 0], zeros(300, 7))),
    made(
      "literal bytes first: they count for the place",
      join([ends, OLD.subarray(3, 300)]),
      delta([3, ...varint(297), 0], join([ends, zeros(297)])),
    ),
    made("a step forward", OLD.subarray(1000, 1300), delta([0, ...varint(300), ...varint(2000)], zeros(300))),
    made(
      "a step back, relative to the end of the operation before",
      join([OLD.subarray(500, 600), OLD.subarray(200, 400)]),
      delta([0, 100, ...varint(1000), 0, ...varint(200), ...varint(2 * 400 - 1)], zeros(300)),
    ),
    made(
      "literal bytes in the middle and at the end",
      join([OLD.subarray(0, 100), ends, OLD.subarray(103, 300), ends]),
      delta([0, 100, 0, 3, ...varint(197), 0, 3, 0], join([zeros(100), ends, zeros(197), ends])),
    ),
    made(
      "the second frame begins at its own place in the old image",
      OLD.subarray(0, 4396),
      frame(COPY, offset(0)),
      delta([0, ...varint(300), 0], zeros(300)),
    ),
    made(
      "a number with more bytes than it needs",
      OLD.subarray(0, 300),
      delta([0x80, 0, ...varint(300), 0], zeros(300)),
    ),
    {
      ...made("the largest frames", zeros(70_000), frame(DEFLATED, deflate(zeros(70_000)))),
      ...framesOf(20),
    },
    wholeImage("a compressed whole image", "made", [DEFLATED, deflate(zeros(300, 5))]),
  ];

  function framesOf(bits: number): Pick<DeltaVector, "patch"> {
    const image = zeros(70_000);
    const header = encodeDeltaHeader({ frameBytes: 2 ** bits, image: idOf(image), from: OLD_ID });
    return { patch: toBase64(join([header, frame(DEFLATED, deflate(image))])) };
  }
}

/** Patches of an image of 300 zeros with one bad frame. */
function refusedFrames(): DeltaVector[] {
  const frames: [string, Uint8Array][] = [
    ["an unknown kind", frame(4, zeros(300))],
    ["a stored frame that is too short", stored(zeros(299))],
    ["a stored frame that is too long", stored(zeros(301))],
    ["a deflated frame that makes too little", frame(DEFLATED, deflate(zeros(299)))],
    ["a deflated frame that makes too much", frame(DEFLATED, deflate(zeros(301)))],
    ["a deflated frame that makes far too much", frame(DEFLATED, deflate(zeros(8_000_000)).subarray(0, 300))],
    ["a deflate stream that is damaged", frame(DEFLATED, Uint8Array.of(7, 7, 7))],
    ["a deflate stream that is cut off", frame(DEFLATED, deflate(OLD.subarray(0, 200)).subarray(0, -9))],
    ["a payload of 0 bytes", frame(DEFLATED, zeros(0))],
    ["a payload that is larger than the frame", frame(DELTA, zeros(301))],
    ["a payload of 4 GiB", join([[DELTA, 0xff, 0xff, 0xff, 0xff], zeros(300)])],
    ["a copy with 7 bytes", frame(COPY, zeros(7))],
    ["a copy beyond the end of the old image", frame(COPY, offset(OLD.length - 299))],
    ["a copy from 2^53 on", frame(COPY, Uint8Array.of(0, 0, 0, 0, 0, 0, 32, 0))],
    ["a copy from 2^64 - 1 on", frame(COPY, zeros(8, 255))],
    [
      "a difference beyond the end of the old image",
      delta([0, ...varint(300), ...varint(2 * 9701)], zeros(300)),
    ],
    ["a difference before the old image", delta([0, ...varint(300), 1], zeros(300))],
    ["a difference far away", delta([0, ...varint(300), ...LARGEST], zeros(300))],
    ["an operation that makes nothing", delta([0, 0, 0, ...varint(300), 0], zeros(300))],
    ["more literal bytes than the frame has", delta([...varint(301), 0], zeros(300))],
    ["more differences than the frame has", delta([1, ...varint(300), 0], zeros(300))],
    ["as many bytes as a number can hold", delta([...LARGEST, ...LARGEST, 0], zeros(300))],
    ["operations that end early", delta([0, ...varint(299), 0], zeros(300))],
    ["bytes after the operations", delta([0, ...varint(300), 0, 0], zeros(300))],
    ["an operation without its place", delta([0, ...varint(300)], zeros(300))],
    ["a number of 8 bytes", delta([...zeros(7, 0x80), 0, ...varint(300), 0], zeros(300))],
    ["operations without data", frame(DELTA, deflate(Uint8Array.of(0, ...varint(300), 0)))],
  ];
  return frames.map(([name, bad]) => ({ ...made(name, zeros(300), bad), verdict: "refused" }));
}

function refusedPatches(): DeltaVector[] {
  const image = zeros(300);
  const good = made("", image, stored(image));
  const bytes = Uint8Array.from(Buffer.from(good.patch, "base64"));
  const changed = (name: string, at: number, ...put: number[]): DeltaVector => {
    const patch = bytes.slice();
    patch.set(put, at);
    return { ...good, name, patch: toBase64(patch), verdict: "refused" };
  };
  return [
    changed("other first bytes", 0, 0x46, 0x44, 0x4c, 0x55),
    changed("version 2", 4, 2),
    changed("frames of 2 KiB", 5, 11),
    changed("frames of 2 MiB", 5, 21),
    changed("a byte of the header that must be 0", 6, 1),
    changed("a new image of 0 bytes", 8, 0, 0),
    changed("a new image of 2^53 bytes", 8, 0, 0, 0, 0, 0, 0, 32, 0),
    changed("another size of the new image", 8, 0x2d),
    changed("another digest of the new image", 24, (bytes[24] ?? 0) ^ 1),
    changed("another size of the old image", 16, 0x11),
    changed("another digest of the old image", 56, (bytes[56] ?? 0) ^ 1),
    { ...good, name: "a byte after the last frame", patch: toBase64(join([bytes, [0]])), verdict: "refused" },
    { ...good, name: "a patch that ends early", patch: toBase64(bytes.subarray(0, -1)), verdict: "refused" },
    { ...good, name: "another old image in the job document", from: idOf(zeros(9)), verdict: "refused" },
    { ...made("bytes with another digest", image, stored(zeros(300, 1))), verdict: "refused" },
    wholeImage("a copy without an old image", "refused", [COPY, offset(0)]),
    wholeImage("differences without an old image", "refused", [
      DELTA,
      deflate(join([[...varint(300), 0], zeros(300, 5)])),
    ]),
  ];
}

function made(name: string, image: Uint8Array, ...frames: Uint8Array[]): DeltaVector {
  const header = encodeDeltaHeader({ frameBytes: FRAME_BYTES, image: idOf(image), from: OLD_ID });
  const patch = toBase64(join([header, ...frames]));
  return { name, image: idOf(image), from: OLD_ID, patch, verdict: "made" };
}

/** A patch without an old image that makes 300 times the byte 5. */
function wholeImage(
  name: string,
  verdict: DeltaVector["verdict"],
  [kind, payload]: [number, Uint8Array],
): DeltaVector {
  const image = idOf(zeros(300, 5));
  const header = encodeDeltaHeader({ frameBytes: FRAME_BYTES, image });
  return { name, image, patch: toBase64(join([header, frame(kind, payload)])), verdict };
}

function delta(ops: number[], data: Uint8Array): Uint8Array {
  return frame(DELTA, deflate(join([ops, data])));
}

function stored(bytes: Uint8Array): Uint8Array {
  return frame(STORED, bytes);
}

function frame(kind: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(5, kind);
  header.writeUInt32LE(payload.length, 1);
  return join([header, payload]);
}

/** Compresses with the same bytes on every machine, which zlib does not promise. */
function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 9 });
}

function offset(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

function zeros(count: number, byte = 0): Uint8Array {
  return new Uint8Array(count).fill(byte);
}

function plus(bytes: Uint8Array, add: number): Uint8Array {
  return bytes.map((byte) => byte + add);
}

function join(parts: readonly (Uint8Array | number[])[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

function idOf(bytes: Uint8Array): ImageId {
  return { sizeBytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
