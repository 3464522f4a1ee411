import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { FotaError, messageOf } from "@fota/shared";
import { type Given, type NamedBytes, type Pem, readPem, readPems, resolveGiven } from "./pem.js";
import { describeContent, type Part, type PartKind, parseParts } from "./pem-content.js";

/** Certificate, key and trusted roots of a device. */
export interface DeviceIdentityOptions {
  /** Device certificate, followed by its intermediate certificates. PEM or DER. */
  cert?: Given<Pem>;
  /** Private key of the device certificate. PEM or DER, may be encrypted. */
  key?: Given<Pem>;
  /** Decrypts `key`. */
  passphrase?: Given<string>;
  /** The only roots to trust. PEM or DER. */
  ca?: Given<Pem | readonly Pem[]>;
}

/** Certificate, decrypted key and roots as PEM, for Node's TLS. */
export interface DeviceIdentity {
  cert?: string;
  key?: string;
  ca?: string[];
}

/** The same, also as OpenSSL parsed it: connections that share it neither parse nor store it again. */
export interface TlsIdentity extends DeviceIdentity {
  secureContext: SecureContext;
}

/**
 * Reads a device's certificate, key and roots. Finds errors that would otherwise only fail the TLS handshake: a file
 * with other content, an encrypted key without a passphrase, a key that belongs to another certificate.
 * @throws {FotaError} CONFIG_INVALID, naming the file and its content
 */
export async function readDeviceIdentity(options: DeviceIdentityOptions): Promise<TlsIdentity> {
  const read = async (pem: Given<Pem> | undefined, what: string) =>
    pem === undefined ? undefined : await readPem(await resolveGiven(pem), what);
  const cert = await read(options.cert, "device certificate");
  const key = await read(options.key, "private key");
  const passphrase = options.passphrase === undefined ? undefined : await resolveGiven(options.passphrase);
  const ca = options.ca === undefined ? undefined : await readRoots(options.ca);
  const certificates = cert && certificatesIn(cert);
  const privateKey = key && privateKeyIn(key, passphrase);
  if (cert !== undefined && key !== undefined && privateKey !== undefined) {
    checkPair(cert, certificates ?? [], key, privateKey);
  }
  const identity = {
    ...(certificates && { cert: certificates.map(String).join("") }),
    ...(privateKey && { key: String(privateKey.export({ format: "pem", type: "pkcs8" })) }),
    ...(ca && { ca }),
  };
  return { ...identity, secureContext: parseWithTls(identity, cert ?? key) };
}

/**
 * Reads CA certificates and returns each as PEM.
 * @throws {FotaError} CONFIG_INVALID
 */
export async function readRoots(ca: Given<Pem | readonly Pem[]>): Promise<string[]> {
  const files = await readPems(await resolveGiven(ca), "CA certificate");
  return files.flatMap((file) => certificatesIn(file).map(String));
}

function certificatesIn(file: NamedBytes): X509Certificate[] {
  const parts = parseParts(file.bytes);
  const found = parts.filter(({ kind }) => kind === "certificate");
  if (found.length === 0) throw wrongContent(file, parts, "certificate");
  return found.map(({ bytes }, index) => {
    try {
      return new X509Certificate(bytes);
    } catch (cause) {
      const which = found.length === 1 ? "" : ` number ${index + 1}`;
      throw new FotaError(
        "CONFIG_INVALID",
        `the ${file.name} holds a certificate${which} that cannot be read: ${messageOf(cause)}`,
        { cause, hint: "copy the file again; it is damaged" },
      );
    }
  });
}

function privateKeyIn(file: NamedBytes, passphrase: string | undefined): KeyObject {
  const parts = parseParts(file.bytes);
  const part = parts.find(({ kind }) => kind === "private key" || kind === "encrypted private key");
  if (part === undefined) throw wrongContent(file, parts, "private key");
  const isEncrypted = part.kind === "encrypted private key";
  if (isEncrypted && passphrase === undefined) {
    throw new FotaError("CONFIG_INVALID", `the ${file.name} is encrypted, and no passphrase is given`, {
      hint: "decrypt it (openssl pkey -in FILE -out key.pem), or set the passphrase: passphrase of connectThing, --passphrase-file of fota device",
    });
  }
  try {
    return readKey(part, passphrase);
  } catch (cause) {
    throw new FotaError(
      "CONFIG_INVALID",
      isEncrypted
        ? `the passphrase does not decrypt the ${file.name}: ${messageOf(cause)}`
        : `the ${file.name} holds a private key that cannot be read: ${messageOf(cause)}`,
      { cause, hint: isEncrypted ? "check the passphrase" : "copy the file again; it is damaged" },
    );
  }
}

function readKey({ bytes, isPem }: Part, passphrase: string | undefined): KeyObject {
  const secret = passphrase === undefined ? {} : { passphrase };
  if (isPem) return createPrivateKey({ key: bytes, ...secret });
  for (const type of ["pkcs1", "sec1"] as const) {
    try {
      return createPrivateKey({ key: bytes, format: "der", type });
    } catch {
      // Try the next type. The error of the last one is reported.
    }
  }
  return createPrivateKey({ key: bytes, format: "der", type: "pkcs8", ...secret });
}

function checkPair(
  cert: NamedBytes,
  [own, ...others]: readonly X509Certificate[],
  key: NamedBytes,
  privateKey: KeyObject,
): void {
  if (own?.checkPrivateKey(privateKey)) return;
  const other = others.findIndex((certificate) => certificate.checkPrivateKey(privateKey));
  throw new FotaError(
    "CONFIG_INVALID",
    other < 0
      ? `the ${key.name} does not belong to the ${cert.name} (${subjectOf(own)})`
      : `the ${cert.name} holds the device's own certificate as number ${other + 2}, not first`,
    {
      hint:
        other < 0
          ? "use the key that was created with this certificate"
          : "put the device's own certificate first, then the others",
    },
  );
}

function subjectOf(certificate: X509Certificate | undefined): string {
  return certificate?.subject.replaceAll("\n", ", ") || "no subject";
}

const CONVERT: Partial<Record<PartKind, string>> = {
  "PKCS#12 bundle":
    "convert it: openssl pkcs12 -in FILE -nodes -out device.pem; use that file as certificate and as key",
  "PKCS#7 bundle": "convert it: openssl pkcs7 -in FILE -print_certs -out cert.pem",
  "OpenSSH private key": "convert it: ssh-keygen -p -m PKCS8 -f FILE",
};

function wrongContent(file: NamedBytes, parts: readonly Part[], wanted: PartKind): FotaError {
  const holds = describeContent(file.bytes, parts);
  const convert = parts.flatMap(({ kind }) => CONVERT[kind] ?? [])[0];
  const swapped = parts.some(({ kind }) => (kind === "certificate") !== (wanted === "certificate"));
  return new FotaError("CONFIG_INVALID", `the ${file.name} ${holds}, not a ${wanted}`, {
    hint: convert ?? (swapped ? "check that certificate and key are not swapped" : "use a PEM or DER file"),
  });
}

/** Passes the files to OpenSSL, which refuses a key that is too short for its security level, for example. */
function parseWithTls(identity: DeviceIdentity, file: NamedBytes | undefined): SecureContext {
  try {
    return createSecureContext(identity);
  } catch (cause) {
    throw new FotaError(
      "CONFIG_INVALID",
      `the ${file?.name ?? "CA certificate"} cannot be used: ${messageOf(cause)}`,
      {
        cause,
        hint: "use a certificate and a key that TLS accepts: RSA with at least 2048 bits, or EC P-256",
      },
    );
  }
}
