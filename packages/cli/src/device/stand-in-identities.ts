import { readDeviceIdentity, type TlsIdentity } from "@fota/agent/node";
import type { LocalInfo } from "@fota/local";
import { FotaError, isFotaError } from "@fota/shared";
import { limiter } from "../at-once.js";
import { standInAccess } from "../aws/access.js";
import { type Iot, openIot } from "../aws/iot.js";
import type { Host } from "../host.js";
import { findAgain, findStandIn } from "../stand-in/find.js";
import { readCa } from "../stand-in/read-ca.js";
import { standInIdentity } from "./identity.js";

/** Holds what a device needs from the running stand-in. */
interface StandInIdentity {
  /** `mqtts://host:port`. */
  mqtts: string;
  /** PEM. */
  ca: string;
  /** The same object for each connection of the device, so that its files are read and parsed once. */
  tls: TlsIdentity;
}

/**
 * Supplies the certificates of any number of devices at the stand-in that it found first, even if that one is started
 * again with another CA or, with the same state folder, on other ports.
 */
export interface StandInIdentities {
  /** Returns the stand-in's address, to show it. @throws {FotaError} as `findStandIn` does */
  endpoint(): Promise<string>;
  /**
   * Returns the identity of a device.
   * @throws {FotaError} LOCAL_NOT_RUNNING while the stand-in is away; STATE_ACCESS; translated AWS errors
   */
  identityOf(thingName: string, dir: string): Promise<StandInIdentity>;
  close(): void;
}

interface Found {
  endpoint: string;
  mqtts: string;
  ca: string;
  iot: Iot;
}

/**
 * Limits the certificates created at once: more would only slow each other down, because the stand-in is one process.
 */
const CERTIFICATES_AT_ONCE = 16;
/** Devices that lost their connection together ask together and share one answer. */
const FRESH_MS = 1_000;

/** Returns whether an error is only that the stand-in is away, which `onAway` reports once for all devices. */
export function isAway(error: unknown): boolean {
  if (!isFotaError(error)) return false;
  return error.code === "LOCAL_NOT_RUNNING" || isAway(error.cause);
}

/**
 * Opens the identities.
 * @param endpoint address of the stand-in, if the user gave one; else it is looked up each time
 * @param onAway called when the stand-in does not answer, once until it answers again
 */
export function standInIdentities(
  endpoint: string | undefined,
  host: Pick<Host, "env" | "signal">,
  onAway: (message: string) => void,
): StandInIdentities {
  const atMost = limiter(CERTIFICATES_AT_ONCE);
  /** Describes the stand-in when it answered last. */
  let before: LocalInfo | undefined;
  let isAway = false;
  let latest: { found: Promise<Found>; askedMs: number } | undefined;
  /**
   * Holds clients by endpoint and region: requests of one device may still run when another finds the next stand-in.
   */
  const clients = new Map<string, Iot>();
  /** Holds what each device connects with, by its folder. */
  const known = new Map<string, { ca: string; tls: Promise<TlsIdentity> }>();

  async function find(): Promise<Found> {
    const info = before === undefined ? await findStandIn(endpoint, host) : await lookAgain(before);
    before = info;
    isAway = false;
    const key = `${info.endpoint} ${info.region}`;
    const iot = clients.get(key) ?? openIot(standInAccess(info.endpoint, info.region), host.signal);
    clients.set(key, iot);
    return { endpoint: info.endpoint, mqtts: info.mqtts, ca: await readCa(info.ca), iot };
  }

  async function lookAgain(last: LocalInfo): Promise<LocalInfo> {
    try {
      return endpoint === undefined ? await findAgain(last, host) : await findStandIn(endpoint, host);
    } catch (cause) {
      const message = `waiting for \`fota local\` at ${last.endpoint}`;
      if (!isAway) onAway(message);
      isAway = true;
      throw new FotaError("LOCAL_NOT_RUNNING", message, { cause });
    }
  }

  function current(): Promise<Found> {
    const nowMs = performance.now();
    if (latest === undefined || nowMs - latest.askedMs > FRESH_MS) {
      latest = { found: find(), askedMs: nowMs };
    }
    return latest.found;
  }

  return {
    endpoint: async () => (await current()).endpoint,
    async identityOf(thingName, dir) {
      const { mqtts, ca, iot } = await current();
      let identity = known.get(dir);
      if (identity?.ca !== ca) {
        identity = { ca, tls: atMost(() => readIdentity(iot, thingName, dir, ca)) };
        known.set(dir, identity);
        identity.tls.catch(() => known.delete(dir)); // the next connection tries again
      }
      return { mqtts, ca, tls: await identity.tls };
    },
    close: () => {
      for (const iot of clients.values()) iot.close();
    },
  };
}

/** Returns what a device connects with, without its PEM texts: OpenSSL has parsed them. */
async function readIdentity(iot: Iot, thingName: string, dir: string, ca: string): Promise<TlsIdentity> {
  const { certificate: cert, privateKey: key } = await standInIdentity(iot, thingName, dir, ca);
  const { secureContext } = await readDeviceIdentity({ ca, cert, key });
  return { secureContext };
}
