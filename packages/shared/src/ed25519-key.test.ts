import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { publicKeyFault } from "./ed25519-key.js";

// The curve, by its equation alone (RFC 8032, 5.1): -x^2 + y^2 = 1 + d x^2 y^2 modulo p.
const P = 2n ** 255n - 19n;
const mod = (value: bigint) => ((value % P) + P) % P;
function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
const inverse = (value: bigint) => power(value, P - 2n);
const D = mod(-121665n * inverse(121666n));
type Point = readonly [x: bigint, y: bigint];

function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const product = mod(D * x1 * x2 * y1 * y2);
  return [mod((x1 * y2 + x2 * y1) * inverse(1n + product)), mod((y1 * y2 + x1 * x2) * inverse(1n - product))];
}

/** Returns a point with this y, or `undefined` if there is none. */
function pointOf(y: bigint): Point | undefined {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  const root = power(square, (P + 3n) / 8n);
  for (const x of [root, mod(root * power(2n, (P - 1n) / 4n))]) if (mod(x * x) === square) return [x, y];
  return undefined;
}

function times(point: Point, factor: bigint): Point {
  let [result, double] = [[0n, 1n] as Point, point];
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

function encode(y: bigint, sign = 0): string {
  const bytes = Buffer.alloc(32);
  for (let index = 0; index < 32; index += 1) bytes[index] = Number((y >> BigInt(8 * index)) & 0xffn);
  bytes[31] = (bytes[31] ?? 0) | (sign << 7);
  return bytes.toString("base64");
}

test("the keys of small order are refused, as computed from the curve", () => {
  // L times any point is one of the eight points of small order.
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const found = new Set<bigint>();
  for (let y = 2n; found.size < 5; y += 1n) {
    const point = pointOf(y);
    if (point === undefined) continue;
    let small = times(point, L);
    for (let count = 0; count < 8; count += 1) {
      found.add(small[1]);
      small = add(small, small);
    }
  }
  expect(found.size).toBe(5);
  for (const y of found) {
    expect(times(pointOf(y) ?? [0n, 0n], 8n)).toEqual([0n, 1n]);
    for (const sign of [0, 1]) expect(publicKeyFault(encode(y, sign))).toMatch("small order");
  }
});

test("a coordinate that is not below p is refused, and the one below it is not for that reason", () => {
  for (let y = P; y < 2n ** 255n; y += 1n) {
    for (const sign of [0, 1]) expect(publicKeyFault(encode(y, sign))).toMatch("not below 2^255 - 19");
  }
  expect(publicKeyFault(encode(P - 2n))).toBeUndefined();
});

test("real keys are taken", () => {
  for (let count = 0; count < 50; count += 1) {
    const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    expect(publicKeyFault(Buffer.from(x, "base64url").toString("base64"))).toBeUndefined();
  }
});

test.each([
  ["nothing", ""],
  ["31 bytes", Buffer.alloc(31, 7).toString("base64")],
  ["33 bytes", Buffer.alloc(33, 7).toString("base64")],
  ["no padding", Buffer.alloc(32, 7).toString("base64").slice(0, -1)],
  ["base64url", Buffer.alloc(32, 0xff).toString("base64url")],
  ["bits that no byte has", `${"B".repeat(42)}B=`],
  ["a line feed", `${Buffer.alloc(32, 7).toString("base64")}\n`],
])("%s is no key", (_, key) => {
  expect(publicKeyFault(key)).toBe("it is not 32 bytes in base64");
});
