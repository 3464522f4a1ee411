/** The functions of Node that a certificate request needs. This package does not import Node. */
export interface RequestTools {
  /** Signs with the private key: ECDSA with SHA-256, in DER. */
  sign(bytes: Uint8Array): Uint8Array;
  base64(bytes: Uint8Array): string;
}

// The DER tags (ITU-T X.690) that a request uses.
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const ATTRIBUTES = 0xa0;
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758), as an object id in DER. */
const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/**
 * Returns a certificate request in PEM with an empty subject (RFC 2986): AWS IoT names the certificate itself.
 * `publicKey` is a P-256 key as SubjectPublicKeyInfo in DER.
 */
export function certificateRequest(publicKey: Uint8Array, { sign, base64 }: RequestTools): string {
  const info = der(SEQUENCE, der(INTEGER, [0]), der(SEQUENCE), publicKey, der(ATTRIBUTES));
  const signature = der(BIT_STRING, [0], sign(info));
  const request = der(SEQUENCE, info, der(SEQUENCE, ECDSA_WITH_SHA256), signature);
  const lines = base64(request).match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE REQUEST-----", ...lines, "-----END CERTIFICATE REQUEST-----", ""].join(
    "\n",
  );
}

/** Encodes a DER value; every length here is below 65536. */
function der(tag: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Uint8Array.from([tag, ...encodeLength(length), ...parts.flatMap((part) => [...part])]);
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
