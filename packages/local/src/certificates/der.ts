/** Writes and reads the parts of DER (ITU-T X.690) that certificates need. */

export function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

export function set(...parts: Buffer[]): Buffer {
  return tagged(0x31, ...parts);
}

/** Encodes a context-specific, constructed `[number]`. */
export function context(number: number, ...parts: Buffer[]): Buffer {
  return tagged(0xa0 | number, ...parts);
}

export function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = minimalBytes(content.length);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

/** Encodes a positive integer, given as big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const minimal = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  const signed = (minimal[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), minimal]) : minimal;
  return tagged(0x02, signed);
}

export function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octetString(content: Buffer): Buffer {
  return tagged(0x04, content);
}

/** Encodes a bit string. `unusedBits` is the number of low bits of the last byte that are not part of it. */
export function bitString(content: Buffer, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), content);
}

export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text));
}

/** Encodes an object id such as `1.2.840.10045.4.3.2`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, ...[first * 40 + second, ...rest].map(base128));
}

/** Encodes a UTCTime, which covers the years 1950 to 2049. */
export function utcTime(timeMs: number): Buffer {
  const text = new Date(timeMs).toISOString().replace(/[-:T]|\.\d{3}/g, "");
  return tagged(0x17, Buffer.from(text.slice(2)));
}

function base128(value: number): Buffer {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return Buffer.from(bytes);
}

function minimalBytes(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from(bytes);
}

/** One DER value: all its bytes, and its bytes after tag and length. */
export interface DerValue {
  whole: Buffer;
  content: Buffer;
}

/** Splits a sequence of DER values. @throws {Error} if one is cut off or malformed */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const first = rest[1] ?? 0;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const start = 2 + lengthBytes;
    if (lengthBytes > 4 || rest.length < start) throw new Error("it is not DER");
    const end = start + (lengthBytes === 0 ? first : rest.readUIntBE(2, lengthBytes));
    if (end > rest.length) throw new Error("it ends too early");
    values.push({ whole: rest.subarray(0, end), content: rest.subarray(start, end) });
    rest = rest.subarray(end);
  }
  return values;
}
