import { rootCertificates } from "node:tls";
import { readRoots } from "./device-identity.js";
import { type Given, type Pem, readPems } from "./pem.js";

/** Returns Node's roots, those of NODE_EXTRA_CA_CERTS and ours: the TLS option `ca` replaces the first two. */
export async function trustedRoots(ca: Given<Pem | readonly Pem[]>): Promise<(string | Buffer)[]> {
  const extra = process.env["NODE_EXTRA_CA_CERTS"];
  const ours = await readRoots(ca);
  const others = extra ? await readPems(extra, "file of NODE_EXTRA_CA_CERTS") : [];
  return [
    ...rootCertificates,
    ...others.map(({ bytes }) => bytes), // like Node, ignores content that is not a certificate
    ...ours,
  ];
}
