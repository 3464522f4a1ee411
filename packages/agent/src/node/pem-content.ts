import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";

/** One part of a certificate or key file: a PEM block, or DER. */
export interface Part {
  kind: PartKind;
  /** Input for OpenSSL. PEM is cleaned of what people and editors add: a BOM, indents, carriage returns. */
  bytes: Buffer;
  isPem: boolean;
}

export type PartKind =
  | "certificate"
  | "private key"
  | "encrypted private key"
  | "public key"
  | "certificate request"
  | "PKCS#7 bundle"
  | "PKCS#12 bundle"
  | "OpenSSH private key"
  | "revocation list"
  | "set of parameters"
  | "block of an unknown kind";

const LABELS: Readonly<Record<string, PartKind>> = {
  CERTIFICATE: "certificate",
  "X509 CERTIFICATE": "certificate",
  "TRUSTED CERTIFICATE": "certificate",
  "PRIVATE KEY": "private key",
  "RSA PRIVATE KEY": "private key",
  "EC PRIVATE KEY": "private key",
  "DSA PRIVATE KEY": "private key",
  "ENCRYPTED PRIVATE KEY": "encrypted private key",
  "PUBLIC KEY": "public key",
  "RSA PUBLIC KEY": "public key",
  "CERTIFICATE REQUEST": "certificate request",
  "NEW CERTIFICATE REQUEST": "certificate request",
  PKCS7: "PKCS#7 bundle",
  CMS: "PKCS#7 bundle",
  "OPENSSH PRIVATE KEY": "OpenSSH private key",
  "X509 CRL": "revocation list",
  "EC PARAMETERS": "set of parameters",
  "DH PARAMETERS": "set of parameters",
};

/** Also matches escaped line ends (`\n`), as in JSON and environment variables: base64 has no backslash. */
const LINE_END = /\r\n?|\n|(?:\\r)?\\n/;

/** Parses the PEM blocks in `bytes`, or the DER. Returns no parts if the content is neither. */
export function parseParts(bytes: Buffer): Part[] {
  const text = bytes.toString("latin1");
  if (!text.includes("-----BEGIN")) return derPart(bytes);
  // RFC 7468, 2: text around the blocks is ignored. OpenSSL writes such text ("Bag Attributes").
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs)].map(
    ([, label = "", body = ""]) => ({
      kind: /^\s*Proc-Type:\s*4,\s*ENCRYPTED/m.test(body)
        ? "encrypted private key"
        : (LABELS[label] ?? "block of an unknown kind"),
      bytes: Buffer.from(
        `-----BEGIN ${label}-----\n${body
          .split(LINE_END)
          .map((line) => line.trim())
          .join("\n")
          .trim()}\n-----END ${label}-----\n`,
        "latin1",
      ),
      isPem: true,
    }),
  );
}

/** Finds out the kind of DER, which has no label. */
function derPart(bytes: Buffer): Part[] {
  const kind = derKind(bytes);
  return kind === undefined ? [] : [{ kind, bytes, isPem: false }];
}

function derKind(bytes: Buffer): PartKind | undefined {
  if (bytes[0] !== 0x30) return undefined;
  if (works(() => new X509Certificate(bytes))) return "certificate";
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    if (works(() => createPrivateKey({ key: bytes, format: "der", type }))) return "private key";
  }
  if (works(() => createPublicKey({ key: bytes, format: "der", type: "spki" }))) return "public key";
  const content = bytes.subarray(derHeaderLength(bytes));
  if (startsWith(content, [0x02, 0x01, 0x03])) return "PKCS#12 bundle"; // RFC 7292, 4: version 3 comes first
  // RFC 2315, 14: the object identifier of signedData, 1.2.840.113549.1.7.2, comes first.
  if (startsWith(content, [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]))
    return "PKCS#7 bundle";
  // RFC 5958, 3: an algorithm of PKCS#5 or PKCS#12 comes first, 1.2.840.113549.1.5 or .12.
  const algorithm = content.subarray(derHeaderLength(content));
  const pkcs = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01];
  if (content[0] === 0x30 && algorithm[0] === 0x06 && startsWith(algorithm.subarray(2), pkcs)) {
    if (algorithm[9] === 0x05 || algorithm[9] === 0x0c) return "encrypted private key";
  }
  return undefined;
}

/** Returns the size of tag and length in bytes (X.690, 8.1.3). */
function derHeaderLength(bytes: Buffer): number {
  const length = bytes[1] ?? 0;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

function startsWith(bytes: Buffer, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function works(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** Describes the content of a file as the end of a sentence: `holds a private key`. */
export function describeContent(bytes: Buffer, parts: readonly Part[]): string {
  if (bytes.length === 0) return "is empty";
  if (parts.length > 0) {
    const kinds = [...new Set(parts.map(({ kind }) => kind))];
    return `holds ${kinds.map((kind) => `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`).join(" and ")}`;
  }
  if (bytes.every((byte) => byte === 0 || byte === 0xff)) return `holds ${bytes.length} empty bytes`;
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) return "holds UTF-16 text";
  if (bytes.includes("-----BEGIN")) return "holds a PEM block that is cut off";
  const isText = !bytes.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20));
  return isText ? "holds text without a PEM block" : "holds binary data that is not DER of a known kind";
}
