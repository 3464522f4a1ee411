import { createCipheriv, type KeyObject, randomBytes, scryptSync } from "node:crypto";

/**
 * The cost of a guess at the passphrase: 16 MiB of memory, five times. More memory than 32 MiB is refused by OpenSSL.
 * Source: the values that OWASP's Password Storage Cheat Sheet gives for 16 MiB.
 */
const SCRYPT = { N: 16_384, r: 8, p: 5 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 16;

/** The identifiers of the algorithms in DER. Sources: RFC 8018 (PBES2), RFC 7914 (scrypt), NIST CSOR (AES-256-CBC). */
const OIDS = {
  pbes2: "06092a864886f70d01050d",
  scrypt: "06092b06010401da47040b",
  aes256Cbc: "060960864801650304012a",
};

/**
 * Returns the private key as encrypted PKCS#8 in PEM, with scrypt and AES-256-CBC. Node's own export derives the key
 * with only 2,048 rounds of PBKDF2, which a thief of the file tries through quickly.
 */
export function encryptedPem(key: KeyObject, passphrase: string): string {
  const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(IV_BYTES)];
  const cipher = createCipheriv("aes-256-cbc", scryptSync(passphrase, salt, KEY_BYTES, SCRYPT), iv);
  const plain = key.export({ format: "der", type: "pkcs8" });
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const { N, r, p } = SCRYPT;
  const derivation = sequence(oid(OIDS.scrypt), sequence(octets(salt), integer(N), integer(r), integer(p)));
  const encryption = sequence(oid(OIDS.aes256Cbc), octets(iv));
  const der = sequence(sequence(oid(OIDS.pbes2), sequence(derivation, encryption)), octets(encrypted));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN ENCRYPTED PRIVATE KEY-----", ...lines, "-----END ENCRYPTED PRIVATE KEY-----", ""].join(
    "\n",
  );
}

function sequence(...items: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items));
}

function octets(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}

/** Encodes a number from 0 to 2^31 - 1: a leading zero keeps it positive. */
function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let start = 0;
  while (start < 4 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start += 1;
  return tagged(0x02, bytes.subarray(start));
}

function oid(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

/** Adds tag and length. All lengths here are below 256. */
function tagged(tag: number, content: Buffer): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
