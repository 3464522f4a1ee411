import { readFile } from "node:fs/promises";
import { FotaError, isLoopbackHost, messageOf, type PublicKeys } from "@fota/shared";
import type { Device, Log, Slots } from "../../core/ports.js";
import type { TrustOptions } from "../../core/trust-ports.js";
import { nodeDevice } from "../../node/device.js";
import { type DeviceIdentityOptions, readDeviceIdentity } from "../../node/device-identity.js";
import { parseBroker, type ThingOptions } from "../../node/mqtt-options.js";
import { type ProxyOption, parseProxyOption } from "../../node/proxy.js";
import { nodeTrust } from "../../node/trust.js";
import { isKeyItself } from "../config/read.js";
import type { Config } from "../config/schema.js";

/** Returns the device that the configuration describes. @throws {FotaError} CONFIG_INVALID */
export async function deviceOf(
  config: Config,
  { slots, firmwareVersion, log }: { slots: Slots; firmwareVersion: string | undefined; log: Log },
): Promise<Device> {
  const { stateDir, model, inventory, download, maintenance } = config;
  const { maxBytesPerSecond } = maintenance;
  const proxy = proxyOf(config);
  const trust = await trustOf(config);
  return nodeDevice({
    dir: stateDir,
    slots,
    log,
    inventory,
    firmwareVersion,
    ...(model !== undefined && { model }),
    ...(download.ca !== undefined && { ca: download.ca }),
    ...(proxy !== undefined && { proxy }),
    ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
    ...(trust !== undefined && { trust }),
  });
}

/** Returns how the thing connects. Its files are read for each connection, so renewed ones are used. */
export function connectionOf(config: Config): ThingOptions {
  const { endpoint, thingName, mqtt } = config;
  const proxy = proxyOf(config);
  return {
    endpoint,
    thingName,
    ...identityOf(config),
    ...mqtt,
    ...(proxy !== undefined && { proxy }),
  };
}

/** Returns the files of the device's identity. */
export function identityOf({
  cert,
  key,
  ca,
  passphraseFile,
}: Config): DeviceIdentityOptions & { cert: string; key: string } {
  const passphrase = async () => firstLine(await readText("passphraseFile", passphraseFile ?? ""));
  return { cert, key, ca, ...(passphraseFile !== undefined && { passphrase }) };
}

/** Tells whether the broker is on this machine, as `fota local` is in a trial. */
export function isLocalBroker({ endpoint }: Config): boolean {
  return isLoopbackHost(parseBroker({ endpoint }).host);
}

/**
 * Checks what the schema cannot: the files of the identity, the address, the proxy and the trusted keys.
 * @throws {FotaError} CONFIG_INVALID
 */
export async function checkConfig(config: Config): Promise<void> {
  await checkSettings(config);
  await readDeviceIdentity(identityOf(config));
}

/** Checks the address, the proxy and the trusted keys. @throws {FotaError} CONFIG_INVALID */
export async function checkSettings(config: Config): Promise<void> {
  parseBroker(config);
  const proxy = proxyOf(config);
  if (typeof proxy === "string") parseProxyOption(proxy);
  const trust = await trustOf(config);
  if (trust !== undefined) nodeTrust(trust, { load: async () => undefined, save: async () => {} });
}

/** Returns the first line of a text, without space around it. */
export function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").trim();
}

/** @throws {FotaError} CONFIG_INVALID */
export async function readText(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new FotaError("CONFIG_INVALID", `${key}: ${messageOf(cause)}`, {
      cause,
      hint: `check the path of ${key} in the configuration`,
    });
  }
}

function proxyOf({ proxy }: Config): ProxyOption | undefined {
  return proxy === "none" ? false : proxy;
}

async function trustOf({ trust }: Config): Promise<TrustOptions | undefined> {
  if (trust === undefined) return undefined;
  const { keys, rootKeys, ...rest } = trust;
  return {
    ...rest,
    keys: await readKeys("trust.keys", keys),
    ...(rootKeys !== undefined && { rootKeys: await readKeys("trust.rootKeys", rootKeys) }),
  };
}

async function readKeys(key: string, keys: PublicKeys): Promise<PublicKeys> {
  const read = async ([id, value]: [string, string]) =>
    [id, isKeyItself(value) ? value : await readText(`${key}.${id}`, value)] as const;
  return Object.fromEntries(await Promise.all(Object.entries(keys).map(read)));
}
