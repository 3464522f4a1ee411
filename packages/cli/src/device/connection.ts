import { resolve } from "node:path";
import type { ThingOptions } from "@fota/agent/node";
import { FotaError, isImageUrl, messageOf } from "@fota/shared";
import { type Context, showForeignEndpoint, standInNote } from "../context.js";
import { readTextFile } from "../text-file.js";

/** What of the command line says how a device connects. */
export interface ConnectionOptions {
  mqtt?: string;
  ca?: string;
  cert?: string;
  key?: string;
}

/** How the thing with its state in `dir` connects. */
export type ConnectionOf = (thingName: string, dir: string) => Promise<ThingOptions>;

/**
 * Finds the running stand-in, or reads the files that the options name; both once for any number of devices.
 * @throws {FotaError} USAGE, CONFIG_INVALID, LOCAL_NOT_RUNNING
 */
export async function connectionsOf(context: Context, options: ConnectionOptions): Promise<ConnectionOf> {
  const { host, settings } = context;
  const { mqtt, ca, cert, key } = options;
  if (mqtt === undefined && settings.local) return await atStandIn(context);
  if (mqtt === undefined) {
    throw new FotaError("USAGE", "--mqtt says which broker to connect to, and is not given", {
      hint: "--mqtt mqtts://<your endpoint>:8883 with --cert and --key, or --local for the running `fota local`",
    });
  }
  const { readDeviceIdentity } = await import("@fota/agent/node");
  const pathOf = (file: string) => resolve(host.cwd, file);
  const identity = await readDeviceIdentity({
    ...(ca !== undefined && { ca: pathOf(ca) }),
    ...(cert !== undefined && { cert: pathOf(cert) }),
    ...(key !== undefined && { key: pathOf(key) }),
  });
  const pems = { ...identity, ...(identity.ca && { ca: identity.ca.join("") }) };
  return async (thingName) => ({ thingName, url: mqtt, ...pems });
}

/** Whether a broker's URL has a loopback address, as that of a stand-in: http is an image URL for no other. */
export function isOnThisMachine(url: string | undefined): boolean {
  return url !== undefined && isImageUrl(url.replace(/^mqtts?:/, "http:"));
}

async function atStandIn({ host, settings, output }: Context): Promise<ConnectionOf> {
  const [{ findStandIn }, { standInAccess }, { standInIdentity }] = await Promise.all([
    import("../stand-in.js"),
    import("../aws/access.js"),
    import("./identity.js"),
  ]);
  showForeignEndpoint(settings, output);
  const info = await findStandIn(settings.iotEndpoint, host);
  output.note(standInNote(info.endpoint));
  const ca = await readPemFile(info.ca, "the CA of the stand-in", host.cwd);
  const access = standInAccess(info.endpoint, info.region);
  return async (thingName, dir) => {
    const identity = await standInIdentity(access, thingName, dir, ca, host.signal);
    return { thingName, url: info.mqtts, ca, cert: identity.certificate, key: identity.privateKey };
  };
}

async function readPemFile(path: string, what: string, cwd: string): Promise<string> {
  try {
    return await readTextFile(resolve(cwd, path), "CONFIG_INVALID", path);
  } catch (error) {
    throw new FotaError("CONFIG_INVALID", `${what} cannot be read: ${messageOf(error)}`, {
      hint: "it names a file in PEM",
      cause: error,
    });
  }
}
