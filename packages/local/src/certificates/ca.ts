/**
 * The stand-in's own certificate authority: signs its server certificate and the certificates of devices. Made with
 * node:crypto alone: a certificate library costs more at start than all the rest of the stand-in.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { FotaError, messageOf } from "@fota/shared";
import type { CertificateIssuer } from "./issuer.js";
import type { SigningRequest } from "./signing-request.js";
import { certificatePem, createCertificate, type Signer } from "./x509.js";

export interface CertificateAuthority extends CertificateIssuer {
  /** The CA's certificate: what clients trust. */
  caPem: string;
  /** File with `caPem`. */
  caPath: string;
  /** A certificate for localhost, 127.0.0.1, ::1 and `names` with its key, good for a year from now. */
  issueServerCertificate(names?: readonly string[]): { certificatePem: string; privateKeyPem: string };
}

const SUBJECT = "fota local CA";
const DAY_MS = 86_400_000;
/** What AWS IoT puts into the certificates that it issues. */
const FAR_FUTURE_MS = Date.UTC(2049, 11, 31, 23, 59, 59);
const LOOPBACK_ADDRESSES = [Buffer.from([127, 0, 0, 1]), Buffer.from([...new Array(15).fill(0), 1])];

/**
 * Opens the CA kept in `dir` (`ca.pem`, and `ca.key` for the owner only), or makes one. The certificates run by the
 * real time, as their verifiers do.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID when only the certificate is there, or the two are not as they were made
 */
export async function openCertificateAuthority(dir: string): Promise<CertificateAuthority> {
  await mkdir(dir, { recursive: true });
  const caPath = join(dir, "ca.pem");
  const keyPath = join(dir, "ca.key");
  const [keptPem, keptKey] = await Promise.all([readIfThere(caPath), readIfThere(keyPath)]);
  if (keptKey === undefined && keptPem !== undefined) throw invalidDir(dir, "ca.key is missing");

  const privateKeyPem = keptKey ?? newKeyPem();
  const signer = signerOf(privateKeyPem, dir);
  if (keptPem !== undefined) checkPair(keptPem, signer, dir);
  const caPem = keptPem ?? selfSignedPem(signer);
  // The key first: a cut in between leaves a key without a certificate, which the next start completes.
  if (keptKey === undefined) await writeWhole(keyPath, privateKeyPem, 0o600);
  if (keptPem === undefined) await writeWhole(caPath, caPem, 0o644);

  function deviceCertificate({ publicKey, subject }: SigningRequest) {
    const certificate = createCertificate(
      {
        subject: subject ?? "AWS IoT Certificate",
        publicKey,
        notBeforeMs: Date.now() - DAY_MS,
        notAfterMs: FAR_FUTURE_MS,
        purpose: "client",
      },
      signer,
    );
    return { certificateId: certificateIdOf(certificate), certificatePem: certificatePem(certificate) };
  }

  return {
    caPem,
    caPath,
    issueServerCertificate(names = []) {
      const key = newKeyPem();
      const certificate = createCertificate(
        {
          subject: "localhost",
          publicKey: createPublicKey(key),
          notBeforeMs: Date.now() - DAY_MS,
          notAfterMs: Date.now() + 365 * DAY_MS, // some clients take no server certificate of more than 825 days
          purpose: "server",
          dnsNames: ["localhost", "*.localhost", ...names],
          ipAddresses: LOOPBACK_ADDRESSES,
        },
        signer,
      );
      return { certificatePem: certificatePem(certificate), privateKeyPem: key };
    },
    async issueCertificate() {
      const keys = await promisify(generateKeyPair)("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
      });
      const certificate = deviceCertificate({
        publicKey: createPublicKey(keys.publicKey),
        subject: undefined,
      });
      return { ...certificate, publicKeyPem: keys.publicKey, privateKeyPem: keys.privateKey };
    },
    issueFor: deviceCertificate,
  };
}

/** SHA-256 of a certificate's DER form, lower-case hex: its id in AWS IoT. */
export function certificateIdOf(certificate: Uint8Array): string {
  return createHash("sha256").update(certificate).digest("hex");
}

function newKeyPem(): string {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
}

function signerOf(privateKeyPem: string, dir: string): Signer {
  try {
    const privateKey = createPrivateKey(privateKeyPem);
    return { subject: SUBJECT, privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    throw invalidDir(dir, "ca.key is not a private key", cause);
  }
}

/** Devices trust the certificate and have theirs from the key: a changed one of the two would shut all of them out. */
function checkPair(caPem: string, { privateKey, publicKey }: Signer, dir: string): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(caPem);
  } catch (cause) {
    throw invalidDir(dir, "ca.pem is not a certificate", cause);
  }
  const sample = Buffer.from(SUBJECT);
  // OpenSSL takes a private key whose public half does not belong to it; a signature shows it.
  const isPair =
    certificate.checkPrivateKey(privateKey) &&
    verify(null, sample, publicKey, sign(null, sample, privateKey));
  if (!isPair) throw invalidDir(dir, "ca.key is not the key of ca.pem");
  if (!certificate.verify(publicKey)) throw invalidDir(dir, "ca.pem is damaged");
}

function selfSignedPem(signer: Signer): string {
  const { subject, publicKey } = signer;
  const notBeforeMs = Date.now() - DAY_MS;
  return certificatePem(
    createCertificate({ subject, publicKey, notBeforeMs, notAfterMs: FAR_FUTURE_MS, ca: true }, signer),
  );
}

function invalidDir(dir: string, fault: string, cause?: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the certificate authority in ${dir} cannot be used: ${fault}`, {
    hint: "restore that file, or delete the folder: then a new one is made, and its devices need new certificates",
    cause,
  });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalidDir(dirname(path), `${basename(path)} cannot be read: ${messageOf(error)}`, error);
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID, as on a full disk */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(`${path}.new`, text, { mode, flush: true });
    await chmod(`${path}.new`, mode); // of a leftover, whose mode the line above keeps
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new FotaError("LOCAL_DIR_INVALID", `cannot write ${path}: ${messageOf(error)}`, {
      hint: "give a folder that you may write to, on a disk with room",
      cause: error,
    });
  }
}
