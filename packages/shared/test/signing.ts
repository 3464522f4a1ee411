import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { DocumentSignature, JobDocument, KeySetLink } from "../src/job-document.js";
import { keySetStatement } from "../src/key-set.js";
import type { VerifyEd25519 } from "../src/signatures.js";
import { signedStatement } from "../src/signed-statement.js";

/** An Ed25519 key pair for tests. The same `number` is always the same pair. */
export interface TestKey {
  id: string;
  /** 32 bytes in base64. */
  publicKey: string;
  sign(text: string): DocumentSignature;
}

const PKCS8_HEAD = "302e020100300506032b657004220420";

export function testKey(number: number, id = `key-${number}`): TestKey {
  const seed = Buffer.alloc(32, number);
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from(PKCS8_HEAD, "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    id,
    publicKey: Buffer.from(x, "base64url").toString("base64"),
    sign: (text) => ({ key: id, sig: sign(null, Buffer.from(text), key).toString("base64") }),
  };
}

export function keysOf(...keys: TestKey[]): Record<string, string> {
  return Object.fromEntries(keys.map(({ id, publicKey }) => [id, publicKey]));
}

export function signedBy(document: JobDocument, ...keys: TestKey[]): JobDocument {
  const statement = signedStatement(document);
  return { ...document, bc_sig: keys.map((key) => key.sign(statement)) };
}

export function linkSignedBy(link: Omit<KeySetLink, "sig">, ...keys: TestKey[]): KeySetLink {
  const statement = keySetStatement(link);
  return { ...link, sig: keys.map((key) => key.sign(statement)) };
}

/** Node's own verification. */
export const nodeVerify: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey, "base64").toString("base64url");
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
  return verify(null, Buffer.from(message), key, Buffer.from(signature, "base64"));
};
