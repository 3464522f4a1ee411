import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import * as der from "./der.js";

/** The content of a certificate (RFC 5280). */
export interface CertificateContent {
  /** Common name of the owner of `publicKey`, or a whole Name in DER. */
  subject: string | Buffer;
  publicKey: KeyObject;
  notBeforeMs: number;
  /** Before 2050. */
  notAfterMs: number;
  /** Whether it belongs to a certificate authority, which may only sign certificates. */
  ca?: boolean;
  /** Extended key usage. */
  purpose?: "client" | "server";
  dnsNames?: string[];
  /** Four bytes each for IPv4, sixteen for IPv6. */
  ipAddresses?: Buffer[];
}

/** The issuer of a certificate: its common name and its key, an EC key on P-256. */
export interface Signer {
  subject: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const ORGANIZATION = "fota local";
const ECDSA_WITH_SHA256 = der.sequence(der.objectId("1.2.840.10045.4.3.2"));
/** RFC 5280, 4.2.1.12. */
const PURPOSES = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" };

/** Creates and signs a certificate in DER. With the key of its own signer, it is self-signed. */
export function createCertificate(content: CertificateContent, signer: Signer): Buffer {
  const serial = randomBytes(16);
  const tbsCertificate = der.sequence(
    der.context(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(serial),
    ECDSA_WITH_SHA256,
    name(signer.subject),
    der.sequence(der.utcTime(content.notBeforeMs), der.utcTime(content.notAfterMs)),
    typeof content.subject === "string" ? name(content.subject) : content.subject,
    spki(content.publicKey),
    der.context(3, der.sequence(...extensions(content, signer))),
  );
  const signature = sign("sha256", tbsCertificate, signer.privateKey);
  return der.sequence(tbsCertificate, ECDSA_WITH_SHA256, der.bitString(signature));
}

export function certificatePem(derBytes: Buffer): string {
  const lines = derBytes.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function extensions(content: CertificateContent, signer: Signer): Buffer[] {
  const ca = content.ca ?? false;
  // Bit strings of RFC 5280, 4.2.1.3: keyCertSign and cRLSign; digitalSignature and keyEncipherment.
  const keyUsage = ca
    ? der.bitString(Buffer.from([0b0000_0110]), 1)
    : der.bitString(Buffer.from([0b1010_0000]), 5);
  const names = [
    ...(content.dnsNames ?? []).map((dns) => der.tagged(0x82, Buffer.from(dns))),
    ...(content.ipAddresses ?? []).map((address) => der.tagged(0x87, address)),
  ];
  return [
    extension("2.5.29.19", der.sequence(...(ca ? [der.boolean(true)] : [])), true),
    extension("2.5.29.15", keyUsage, true),
    extension("2.5.29.14", der.octetString(keyIdentifier(content.publicKey))),
    extension("2.5.29.35", der.sequence(der.tagged(0x80, keyIdentifier(signer.publicKey)))),
    ...(content.purpose
      ? [extension("2.5.29.37", der.sequence(der.objectId(PURPOSES[content.purpose])))]
      : []),
    ...(names.length > 0 ? [extension("2.5.29.17", der.sequence(...names))] : []),
  ];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function name(commonName: string): Buffer {
  const attribute = (id: string, text: string) =>
    der.set(der.sequence(der.objectId(id), der.utf8String(text)));
  return der.sequence(attribute("2.5.4.10", ORGANIZATION), attribute("2.5.4.3", commonName));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1").update(spki(key)).digest();
}
