import { resolve } from "node:path";
import { type NodeHttpOptions, readDeviceIdentity, type ThingOptions } from "@fota/agent/node";
import { FotaError, isImageUrl, messageOf } from "@fota/shared";
import { type Context, showForeignEndpoint, standInNote } from "../context.js";
import { readSmallFile } from "../files/small-file.js";
import { given } from "../given.js";

/** Holds the options that say how a device connects. */
export interface ConnectionOptions {
  mqtt?: string;
  ca?: string;
  cert?: string;
  key?: string;
  passphraseFile?: string;
}

/** Says how one device connects. */
export interface DeviceConnection {
  /** Returns the options of the next session; `onMoved` is called when the broker gets another address. */
  options(onMoved: () => void): Promise<ThingOptions>;
  /** Says how it downloads images. */
  http: NodeHttpOptions;
  /** Returns the CA of the stand-in that it connected to last: another one has other state; `undefined` elsewhere. */
  standIn(): string | undefined;
  /** Returns whether an error is only that the stand-in is away, which was reported for all devices. */
  isAway(error: unknown): boolean;
}

/** Says how devices connect, each with its state in `dir`. */
export interface Connections {
  of(thingName: string, dir: string): DeviceConnection;
  /** Creates what the device needs before it starts; a failure ends the command. */
  prepare(thingName: string, dir: string): Promise<void>;
  close(): void;
}

/** Reconnects soon after the stand-in is back; jitter spreads a fleet. */
const RECONNECT = { baseMs: 500, maxMs: 5_000 };

/**
 * Finds the running stand-in, or reads the files that the options name; once for any number of devices.
 * @throws {FotaError} USAGE, CONFIG_INVALID, LOCAL_NOT_RUNNING
 */
export async function connectionsOf(context: Context, options: ConnectionOptions): Promise<Connections> {
  const { host, settings } = context;
  const { mqtt, ca, cert, key, passphraseFile } = options;
  if (mqtt === undefined && settings.local) return await atStandIn(context);
  if (mqtt === undefined || mqtt === "") {
    const isGiven = mqtt === undefined ? "is not given" : "is empty";
    throw new FotaError("USAGE", `--mqtt, which names the broker, ${isGiven}`, {
      hint: "give --mqtt mqtts://<your endpoint>:8883 with --cert and --key, or --local for the running `fota local`",
    });
  }
  const pathOf = (file: string | undefined) => (file === undefined ? undefined : resolve(host.cwd, file));
  const passphrasePath = pathOf(passphraseFile);
  const identity = await readDeviceIdentity(
    given({
      ca: pathOf(ca),
      cert: pathOf(cert),
      key: pathOf(key),
      passphrase: passphrasePath === undefined ? undefined : () => readPassphrase(passphrasePath),
    }),
  );
  return {
    of: (thingName) => ({
      options: async () => ({ thingName, url: mqtt, identity }),
      http: given({ ca: identity.ca }),
      standIn: () => undefined,
      isAway: () => false,
    }),
    prepare: async () => {},
    close: () => {},
  };
}

/** Reads the passphrase from a file: on the command line it would appear in the list of processes. */
async function readPassphrase(path: string): Promise<string> {
  try {
    const [line = ""] = (await readSmallFile(path)).toString("utf8").split(/\r?\n/);
    return line;
  } catch (cause) {
    throw new FotaError("CONFIG_INVALID", `the passphrase cannot be read from ${path}: ${messageOf(cause)}`, {
      hint: "give --passphrase-file a file whose first line is the passphrase",
      cause,
    });
  }
}

/** Returns whether a broker's URL has a loopback address, as a stand-in has: only then may image URLs be http. */
export function isOnThisMachine(url: string | undefined): boolean {
  return url !== undefined && isImageUrl(url.replace(/^mqtts?:/, "http:"));
}

/**
 * Looks up the same stand-in before each connection: started again, it may have another CA, which does not know the old
 * certificates, and other ports.
 */
async function atStandIn({ host, settings, output }: Context): Promise<Connections> {
  const { isAway, standInIdentities } = await import("./stand-in-identities.js");
  showForeignEndpoint(settings, output);
  const identities = standInIdentities(settings.iotEndpoint, host, (message) => {
    if (!host.signal.aborted) output.warn(message);
  });
  const endpoint = await identities.endpoint();
  if (settings.iotEndpoint === undefined) output.note(standInNote(endpoint));
  return {
    of: (thingName, dir) => {
      let connectedTo: string | undefined;
      return {
        standIn: () => connectedTo,
        async options(onMoved) {
          const { mqtts: url } = await identities.identityOf(thingName, dir);
          return {
            thingName,
            url,
            identity: async () => {
              const found = await identities.identityOf(thingName, dir);
              connectedTo = found.ca;
              if (found.mqtts === url) return found.tls;
              onMoved();
              throw new FotaError("MQTT_CLOSED", `the broker is at ${found.mqtts} now`);
            },
            reconnect: RECONNECT,
            proxy: false, // as for the command's own requests to a stand-in
          };
        },
        isAway,
        http: { ca: async () => (await identities.identityOf(thingName, dir)).ca, proxy: false },
      };
    },
    async prepare(thingName, dir) {
      await identities.identityOf(thingName, dir);
    },
    close: () => identities.close(),
  };
}
