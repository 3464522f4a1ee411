/** Cyclic redundancy checks that node:zlib lacks, computed eight bytes at a time. */

/** A reflected polynomial of up to 64 bits, as two 32-bit halves. */
export interface CrcPolynomial {
  low: number;
  high: number;
  bits: 32 | 64;
}

/** CRC-32/ISO-HDLC, 0x04c11db7 reflected. */
export const CRC32: CrcPolynomial = { low: 0xedb88320, high: 0, bits: 32 };
/** CRC-32/ISCSI, 0x1edc6f41 reflected. */
export const CRC32C: CrcPolynomial = { low: 0x82f63b78, high: 0, bits: 32 };
/** CRC-64/NVME, 0xad93d23594c93659 reflected. */
export const CRC64NVME: CrcPolynomial = { low: 0xac4bc9b5, high: 0x9a6c9329, bits: 64 };

/** Entry `n * 256 + byte` is the effect of a byte that is followed by `n` more bytes. */
interface Tables {
  low: Uint32Array;
  high: Uint32Array;
}

const tablesByPolynomial = new Map<CrcPolynomial, Tables>();

function makeTables(polynomial: CrcPolynomial): Tables {
  const low = new Uint32Array(8 * 256);
  const high = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let lo = byte;
    let hi = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const odd = lo & 1;
      lo = (lo >>> 1) | (hi << 31);
      hi >>>= 1;
      if (odd === 1) {
        lo ^= polynomial.low;
        hi ^= polynomial.high;
      }
    }
    low[byte] = lo;
    high[byte] = hi;
  }
  for (let at = 256; at < 8 * 256; at += 1) {
    const lo = entry(low, at - 256);
    const hi = entry(high, at - 256);
    low[at] = ((lo >>> 8) | (hi << 24)) ^ entry(low, lo & 0xff);
    high[at] = (hi >>> 8) ^ entry(high, lo & 0xff);
  }
  return { low, high };
}

/** `index` is always inside the table, which the compiler cannot know. */
function entry(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

/** An incremental check over bytes in pieces. */
export class Crc {
  readonly #bits: 32 | 64;
  readonly #tables: Tables;
  #low = -1;
  #high: number;

  constructor(polynomial: CrcPolynomial) {
    let tables = tablesByPolynomial.get(polynomial);
    if (tables === undefined) {
      tables = makeTables(polynomial);
      tablesByPolynomial.set(polynomial, tables);
    }
    this.#bits = polynomial.bits;
    this.#tables = tables;
    this.#high = polynomial.bits === 64 ? -1 : 0;
  }

  update(bytes: Uint8Array): void {
    const { low, high } = this.#tables;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let lo = this.#low;
    let hi = this.#high;
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      lo ^= view.getInt32(at, true);
      hi ^= view.getInt32(at + 4, true);
      const a = 1792 + (lo & 0xff);
      const b = 1536 + ((lo >>> 8) & 0xff);
      const c = 1280 + ((lo >>> 16) & 0xff);
      const d = 1024 + (lo >>> 24);
      const e = 768 + (hi & 0xff);
      const f = 512 + ((hi >>> 8) & 0xff);
      const g = 256 + ((hi >>> 16) & 0xff);
      const h = hi >>> 24;
      lo = entry(low, a) ^ entry(low, b) ^ entry(low, c) ^ entry(low, d);
      lo ^= entry(low, e) ^ entry(low, f) ^ entry(low, g) ^ entry(low, h);
      hi = entry(high, a) ^ entry(high, b) ^ entry(high, c) ^ entry(high, d);
      hi ^= entry(high, e) ^ entry(high, f) ^ entry(high, g) ^ entry(high, h);
    }
    for (; at < bytes.length; at += 1) {
      const byte = (lo ^ view.getUint8(at)) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ entry(low, byte);
      hi = (hi >>> 8) ^ entry(high, byte);
    }
    this.#low = lo;
    this.#high = hi;
  }

  /** Returns the check of the bytes so far, most significant byte first. */
  digest(): Buffer {
    const digest = Buffer.alloc(8);
    digest.writeUInt32BE(~this.#high >>> 0, 0);
    digest.writeUInt32BE(~this.#low >>> 0, 4);
    return this.#bits === 64 ? digest : digest.subarray(4);
  }
}
