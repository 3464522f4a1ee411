/**
 * Joins cyclic redundancy checks: that of two pieces together follows from those of the pieces and the size of the second,
 * without the bytes. To append n bytes multiplies the check by x^(8n) modulo the polynomial.
 */
import type { CrcPolynomial } from "./crc.js";

/** Returns the check of two pieces, from their checks (most significant byte first) and the size of the second. */
export type CrcJoin = (first: Buffer, second: Buffer, secondBytes: number) => Buffer;

/** Makes the function for one polynomial. It remembers the last size, as all parts but the last have the same. */
export function crcJoiner({ low, high, bits }: CrcPolynomial): CrcJoin {
  const polynomial = (BigInt(high) << 32n) | BigInt(low);
  // Reflected: the highest bit is x^0, the next one x^1.
  const one = 1n << BigInt(bits - 1);

  /** Multiplies two polynomials. */
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let shifted = b;
    for (let bit = one; bit > 0n; bit >>= 1n) {
      if ((a & bit) !== 0n) product ^= shifted;
      shifted = (shifted & 1n) === 0n ? shifted >> 1n : (shifted >> 1n) ^ polynomial;
    }
    return product;
  };

  const powerOfX = (exponent: bigint): bigint => {
    let power = one;
    let square = one >> 1n;
    for (let left = exponent; left > 0n; left >>= 1n) {
      if ((left & 1n) === 1n) power = multiply(power, square);
      square = multiply(square, square);
    }
    return power;
  };

  let last = { sizeBytes: 0, factor: one };
  return (first, second, secondBytes) => {
    if (last.sizeBytes !== secondBytes) {
      last = { sizeBytes: secondBytes, factor: powerOfX(8n * BigInt(secondBytes)) };
    }
    const joined = multiply(last.factor, toBigInt(first)) ^ toBigInt(second);
    return Buffer.from(joined.toString(16).padStart(bits / 4, "0"), "hex");
  };
}

function toBigInt(digest: Buffer): bigint {
  return BigInt(`0x${digest.toString("hex")}`);
}
