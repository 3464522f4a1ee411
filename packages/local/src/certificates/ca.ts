/**
 * The stand-in's certificate authority, which signs its server certificate and the certificates of devices. It uses only
 * node:crypto: a certificate library would take longer to load than the rest of the stand-in.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  hkdfSync,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { FotaError, messageOf } from "@fota/shared";
import { addressBytes } from "../addresses.js";
import type { CertificateIssuer } from "./issuer.js";
import type { SigningRequest } from "./signing-request.js";
import { certificatePem, createCertificate, type Signer } from "./x509.js";

export interface CertificateAuthority extends CertificateIssuer {
  /** The CA's certificate, which clients trust. */
  caPem: string;
  /** File with `caPem`. */
  caPath: string;
  /** Issues a certificate with its key for localhost, 127.0.0.1, ::1, and `names`, which may be IP addresses; valid for one year. */
  issueServerCertificate(names?: readonly string[]): { certificatePem: string; privateKeyPem: string };
  /** Derives a secret of 32 bytes for `purpose` from the CA's key. It is the same after a restart with the same key. */
  deriveSecret(purpose: string): Buffer;
}

const SUBJECT = "fota local CA";
const DAY_MS = 86_400_000;
/** Expiry of the certificates that AWS IoT issues. */
const FAR_FUTURE_MS = Date.UTC(2049, 11, 31, 23, 59, 59);
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/**
 * Opens the CA in `dir` (`ca.pem`, and `ca.key` that only its owner can read), or creates one. Validity uses the real
 * time, as clients that verify certificates do.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if the key is missing, or one of the two has changed
 */
export async function openCertificateAuthority(dir: string): Promise<CertificateAuthority> {
  await mkdir(dir, { recursive: true });
  const caPath = join(dir, "ca.pem");
  const keyPath = join(dir, "ca.key");
  const [storedPem, storedKey] = await Promise.all([readIfExists(caPath), readIfExists(keyPath)]);
  if (storedKey === undefined && storedPem !== undefined) throw invalidDir(dir, "ca.key is missing");

  const privateKeyPem = storedKey ?? generateKeyPem();
  const signer = createSigner(privateKeyPem, dir);
  if (storedPem !== undefined) checkPair(storedPem, signer, dir);
  const caPem = storedPem ?? selfSignedPem(signer);
  // The key comes first: after a power cut in between, the next start adds the certificate.
  if (storedKey === undefined) await writeAtomically(keyPath, privateKeyPem, 0o600);
  if (storedPem === undefined) await writeAtomically(caPath, caPem, 0o644);

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

  function deriveSecret(purpose: string): Buffer {
    const key = signer.privateKey.export({ type: "pkcs8", format: "der" });
    return Buffer.from(hkdfSync("sha256", key, "", purpose, 32));
  }

  return {
    caPem,
    caPath,
    deriveSecret,
    registrationCode: deriveSecret("registration code").toString("hex"),
    issueServerCertificate(names = []) {
      const key = generateKeyPem();
      const certificate = createCertificate(
        {
          subject: "localhost",
          publicKey: createPublicKey(key),
          notBeforeMs: Date.now() - DAY_MS,
          notAfterMs: Date.now() + 365 * DAY_MS, // some clients refuse server certificates of more than 825 days
          purpose: "server",
          dnsNames: ["localhost", "*.localhost", ...names.filter((name) => isIP(name) === 0)],
          ipAddresses: [...new Set([...LOOPBACK_ADDRESSES, ...names.filter((name) => isIP(name) !== 0)])].map(
            addressBytes,
          ),
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

/** Returns the id that AWS IoT gives a certificate: the SHA-256 of its DER form in lower-case hex. */
export function certificateIdOf(certificate: Uint8Array): string {
  return createHash("sha256").update(certificate).digest("hex");
}

function generateKeyPem(): string {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
}

function createSigner(privateKeyPem: string, dir: string): Signer {
  try {
    const privateKey = createPrivateKey(privateKeyPem);
    return { subject: SUBJECT, privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    throw invalidDir(dir, "ca.key is not a private key", cause);
  }
}

/** Checks that certificate and key belong together: if one of them had changed, no device could connect any more. */
function checkPair(caPem: string, { privateKey, publicKey }: Signer, dir: string): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(caPem);
  } catch (cause) {
    throw invalidDir(dir, "ca.pem is not a certificate", cause);
  }
  const sample = Buffer.from(SUBJECT);
  // OpenSSL accepts a private key with the wrong public half, so a signature is verified too.
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
    hint: "restore that file; or delete the folder to get a new authority, and give all devices new certificates",
    cause,
  });
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalidDir(dirname(path), `${basename(path)} cannot be read: ${messageOf(error)}`, error);
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID, for example if the disk is full */
async function writeAtomically(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(`${path}.new`, text, { mode, flush: true });
    await chmod(`${path}.new`, mode); // writeFile keeps the mode of a leftover file
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new FotaError("LOCAL_DIR_INVALID", `cannot write ${path}: ${messageOf(error)}`, {
      hint: "use a folder that you can write to, on a disk with free space",
      cause: error,
    });
  }
}
