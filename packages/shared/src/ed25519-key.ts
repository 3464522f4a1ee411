/** Name of a key in `bc_keys`. */
export const KEY_ID_PATTERN = /^[A-Za-z0-9._:@/-]{1,64}$/;
/** An Ed25519 public key: 32 bytes in base64, the only spelling that encoders produce. */
export const PUBLIC_KEY_PATTERN = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
/** An Ed25519 signature: 64 bytes in base64, the only spelling that encoders produce. */
export const SIGNATURE_PATTERN = /^[A-Za-z0-9+/]{85}[AQgw]==$/;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The y coordinates of the points whose order divides 8, in hex, little-endian, without the sign bit of x. With such a
 * key, signatures exist that are valid for every message. The unit test recomputes the list from the curve's equation
 * (RFC 8032, 5.1).
 */
const SMALL_ORDER_Y: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/**
 * Returns why a text is not a public key that a device may trust, or `undefined` if it is one: not 32 bytes of
 * canonical base64, a coordinate of 2^255 - 19 or more, or a point of small order, which would make forged signatures
 * valid. Whether the bytes are a point of the curve is not checked: a key that is none verifies nothing.
 */
export function publicKeyFault(key: string): string | undefined {
  if (!PUBLIC_KEY_PATTERN.test(key)) return "it is not 32 bytes in base64";
  const bytes = decodeBase64(key);
  bytes[31] = (bytes[31] ?? 0) & 0x7f; // the sign of x
  const y = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (SMALL_ORDER_Y.includes(y))
    return "it is a point of small order, with which anyone can forge signatures";
  // 2^255 - 19 is ed ff ... ff 7f.
  const [lowest = 0, ...others] = bytes;
  const isHighest = others.every((byte, index) => byte === (index === 30 ? 0x7f : 0xff));
  return isHighest && lowest >= 0xed ? "its coordinate is not below 2^255 - 19" : undefined;
}

/** Returns the bytes of canonical base64. Works without `atob`, which not every engine has. */
export function decodeBase64(text: string): number[] {
  const bytes: number[] = [];
  let [bits, count] = [0, 0];
  for (const character of text.replace(/=+$/, "")) {
    bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return bytes;
}
