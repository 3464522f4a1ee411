import { X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { type DeviceIdentity, readDeviceIdentity } from "../../node/device-identity.js";
import type { Config } from "../config/schema.js";
import { identityOf } from "../device/device.js";
import { type Finding, fail, failed, ok, warn } from "./finding.js";

const DAY_MS = 86_400_000;
/** A certificate that expires within this time is a warning. */
const SOON_DAYS = 30;
/** Modes that let others than the owner and its group read or change a file. */
const OTHERS = 0o007;

/** Checks that certificate, key and root can be read, belong together, and are valid now. */
export async function checkIdentity(config: Config, nowMs: number): Promise<Finding[]> {
  let identity: DeviceIdentity;
  try {
    identity = await readDeviceIdentity(identityOf(config));
  } catch (error) {
    return [failed("certificate", error)];
  }
  return [
    ...validity("certificate", new X509Certificate(identity.cert ?? ""), nameOf(config.cert), nowMs),
    await keyFinding(config),
    ...validity("root CA", soonestOf(identity.ca ?? []), nameOf(config.ca), nowMs),
  ];
}

/** Checks that the clock can be right: the certificate of the device was not issued in its future. */
export function clockFinding(certificate: X509Certificate | undefined, nowMs: number): Finding {
  const now = new Date(nowMs).toISOString();
  const issuedMs = certificate === undefined ? 0 : Date.parse(certificate.validFrom);
  if (nowMs >= issuedMs) return ok("clock", now);
  return fail(
    "clock",
    `${now} is before the device's certificate was issued (${isoOf(issuedMs)})`,
    "set the clock, for example by NTP: TLS and the expiry of jobs depend on it",
  );
}

function validity(check: string, { validTo }: X509Certificate, path: string, nowMs: number): Finding[] {
  const endsMs = Date.parse(validTo);
  const ends = isoOf(endsMs);
  if (nowMs >= endsMs) return [fail(check, `${path} expired at ${ends}`, `replace it, or check the clock`)];
  const days = Math.floor((endsMs - nowMs) / DAY_MS);
  if (days >= SOON_DAYS) return [ok(check, `${path}, valid until ${ends}`)];
  return [warn(check, `${path} expires in ${days} days (${ends})`, "replace it before that")];
}

/** Returns the root that expires first, as all may be needed. */
function soonestOf(pems: readonly string[]): X509Certificate {
  const roots = pems.map((pem) => new X509Certificate(pem));
  return roots.reduce((a, b) => (Date.parse(b.validTo) < Date.parse(a.validTo) ? b : a));
}

async function keyFinding({ key }: Config): Promise<Finding> {
  const found = await stat(key).catch(() => undefined);
  if (found !== undefined && (found.mode & OTHERS) !== 0) {
    return warn(
      "key",
      `${key} belongs to the certificate, but every user can read it`,
      `run: chmod 600 ${key}`,
    );
  }
  return ok("key", `${nameOf(key)}, belongs to the certificate`);
}

/** Returns the path, or a name for PEM text: a private key must not be shown. */
function nameOf(file: string): string {
  return file.includes("-----BEGIN") ? "text in the configuration" : file;
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
