import { join } from "node:path";
import { parseMessage } from "../core/jobs-payloads.js";
import type { Log, StateStore } from "../core/ports.js";
import { fileState } from "./file-state.js";
import { isCertificateOf, isKey, makeKey } from "./provision-key.js";

/** A certificate that AWS IoT has issued but that is not registered yet. */
export interface PendingCertificate {
  certificatePem: string;
  /** Proves to RegisterThing that the certificate is this device's; expires after an hour. */
  certificateOwnershipToken: string;
}

/** What RegisterThing answers. */
export interface Registration {
  thingName: string;
  /** `DeviceConfiguration` of the template. */
  deviceConfiguration: Readonly<Record<string, unknown>>;
}

/** The three files of a provisioned device. `state` tells how far the provisioning came; it is written last. */
export interface ProvisionFiles {
  key: StateStore;
  cert: StateStore;
  state: StateStore;
}

/** Returns the paths of the files in `dir`. */
export function provisionPaths(dir: string): { cert: string; key: string; state: string } {
  return {
    cert: join(dir, "cert.pem"),
    key: join(dir, "key.pem"),
    state: join(dir, "provisioning.json"),
  };
}

/** Each file is replaced atomically, durable when `save` resolves, and readable only by its owner. */
export function provisionFiles(dir: string, log: Log): ProvisionFiles {
  const paths = provisionPaths(dir);
  return {
    cert: fileState(paths.cert, log),
    key: fileState(paths.key, log),
    state: fileState(paths.state, log),
  };
}

/** Returns the registration of a device that has all it needs: key, certificate and thing name. */
export async function loadRegistration(files: ProvisionFiles, log: Log): Promise<Registration | undefined> {
  const registration = readRegistration(await loadState(files));
  if (registration === undefined) return undefined;
  const [cert, key] = [await files.cert.load(), await files.key.load()];
  if (cert !== undefined && key !== undefined && isCertificateOf(cert, key)) return registration;
  log("error", `the certificate or key of ${registration.thingName} is damaged; provisions it again`);
  return undefined;
}

/** Returns the device's key. Makes and saves one if there is none, before anything is sent. */
export async function loadOrMakeKey(files: ProvisionFiles): Promise<string> {
  const stored = await files.key.load();
  if (stored !== undefined && isKey(stored)) return stored;
  const key = await makeKey();
  await files.key.save(key);
  return key;
}

/** Returns the certificate that a power cut kept from being registered; `undefined` if it is not for this key. */
export async function loadPending(
  files: ProvisionFiles,
  key: string,
): Promise<PendingCertificate | undefined> {
  const { certificatePem, certificateOwnershipToken } = await loadState(files);
  if (typeof certificatePem !== "string" || typeof certificateOwnershipToken !== "string") return undefined;
  return isCertificateOf(certificatePem, key) ? { certificatePem, certificateOwnershipToken } : undefined;
}

/** Saves the certificate with its token, before it is registered. */
export async function savePending(files: ProvisionFiles, pending: PendingCertificate): Promise<void> {
  await files.state.save(JSON.stringify({ version: 1, ...pending }));
}

/** Saves the certificate, then the registration, which completes the provisioning. */
export async function saveRegistration(
  files: ProvisionFiles,
  { certificatePem }: PendingCertificate,
  registration: Registration,
): Promise<void> {
  await files.cert.save(certificatePem);
  await files.state.save(JSON.stringify({ version: 1, ...registration }));
}

/** Reads the thing name and configuration from a saved state, or an answer of RegisterThing. */
export function readRegistration(members: Readonly<Record<string, unknown>>): Registration | undefined {
  const { thingName, deviceConfiguration } = members;
  if (typeof thingName !== "string" || thingName === "") return undefined;
  const isObject = typeof deviceConfiguration === "object" && deviceConfiguration !== null;
  return { thingName, deviceConfiguration: isObject ? { ...deviceConfiguration } : {} };
}

/** Returns the saved state; empty if there is none, or it is damaged or of a later version. */
async function loadState({ state }: ProvisionFiles): Promise<Record<string, unknown>> {
  const members = parseMessage((await state.load()) ?? "") ?? {};
  return members["version"] === 1 ? members : {};
}
