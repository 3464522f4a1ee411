import { limiter } from "../at-once.js";
import { standInAccess } from "../aws/access.js";
import type { DeviceIdentity } from "../aws/device-setup.js";
import { type Iot, openIot } from "../aws/iot.js";
import type { Host } from "../host.js";
import { findStandIn } from "../stand-in/find.js";
import { readCa } from "../stand-in/read-ca.js";
import { standInIdentity } from "./identity.js";

/** What a device needs of the stand-in that runs now. */
interface StandInIdentity extends DeviceIdentity {
  /** `mqtts://host:port`. */
  mqtts: string;
  /** PEM. */
  ca: string;
}

/** Certificates of any number of devices at the stand-in that runs now, whether or not it is the one from before. */
export interface StandInIdentities {
  /** Where the stand-in is, for people. @throws {FotaError} as `findStandIn` does */
  endpoint(): Promise<string>;
  /** @throws {FotaError} as `findStandIn` does; STATE_ACCESS and what AWS errors can be */
  identityOf(thingName: string, dir: string): Promise<StandInIdentity>;
  close(): void;
}

interface Found {
  endpoint: string;
  mqtts: string;
  ca: string;
  iot: Iot;
}

/** Making more at once only makes each of them slower: the stand-in is one process. */
const CERTIFICATES_AT_ONCE = 16;
/** Devices that lost their connection together ask together: one answer is for all of them. */
const FRESH_MS = 1_000;

/** @param endpoint where the stand-in is, if that was said; else it is found each time. */
export function standInIdentities(
  endpoint: string | undefined,
  host: Pick<Host, "env" | "signal">,
): StandInIdentities {
  const atMost = limiter(CERTIFICATES_AT_ONCE);
  let latest: { found: Promise<Found>; askedMs: number } | undefined;
  /** By endpoint and region: requests of a device may still run when another one finds the next stand-in. */
  const clients = new Map<string, Iot>();

  async function find(): Promise<Found> {
    const info = await findStandIn(endpoint, host);
    const key = `${info.endpoint} ${info.region}`;
    const iot = clients.get(key) ?? openIot(standInAccess(info.endpoint, info.region), host.signal);
    clients.set(key, iot);
    return { endpoint: info.endpoint, mqtts: info.mqtts, ca: await readCa(info.ca), iot };
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
    identityOf: (thingName, dir) =>
      atMost(async () => {
        const { mqtts, ca, iot } = await current();
        return { mqtts, ca, ...(await standInIdentity(iot, thingName, dir, ca)) };
      }),
    close: () => {
      for (const iot of clients.values()) iot.close();
    },
  };
}
