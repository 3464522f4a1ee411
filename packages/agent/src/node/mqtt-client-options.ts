import { createSecureContext, type SecureContext } from "node:tls";
import { FotaError, messageOf } from "@fota/shared";
import type { IClientOptions } from "mqtt/lib/client";
import { type DeviceIdentity, readDeviceIdentity } from "./device-identity.js";
import type { Broker, EngineKey, ThingOptions } from "./mqtt-options.js";
import { resolveGiven } from "./pem.js";

// Apart from the options of ours: MQTT.js's types need the DOM's, which a device build does not have.

/** AWS IoT Developer Guide, "Device communication protocols": on port 443, ALPN distinguishes MQTT from HTTPS. */
const ALPN_ON_443 = "x-amzn-mqtt-ca";

/** Options of MQTT.js, which passes those of TLS on to Node. */
export type ClientSettings = IClientOptions & { secureContext: SecureContext; ALPNProtocols?: string[] };

/** Returns MQTT.js options for one attempt to connect. Its own reconnect is off, because it has no backoff. */
export async function clientOptions(options: ThingOptions, broker: Broker): Promise<ClientSettings> {
  const { protocolVersion = 5, sessionExpirySeconds = 0 } = options;
  return {
    protocol: broker.secure ? "mqtts" : "mqtt",
    host: broker.host,
    port: broker.port,
    clientId: options.clientId ?? options.thingName,
    protocolVersion,
    keepalive: options.keepAliveSeconds ?? 60,
    clean: sessionExpirySeconds === 0,
    ...(protocolVersion === 5 &&
      sessionExpirySeconds > 0 && { properties: { sessionExpiryInterval: sessionExpirySeconds } }),
    reconnectPeriod: 0,
    resubscribe: false,
    writeCache: false, // a table of 65,536 buffers takes 7 MiB, and saves little time for each packet
    secureContext: await secureContextOf(options),
    rejectUnauthorized: true, // also where NODE_TLS_REJECT_UNAUTHORIZED is 0
    ...(broker.secure && broker.port === 443 && { ALPNProtocols: [ALPN_ON_443] }),
  };
}

/**
 * Returns certificate, key and roots for one attempt to connect, as OpenSSL parsed them.
 * @throws {FotaError} CONFIG_INVALID
 */
async function secureContextOf(options: ThingOptions): Promise<SecureContext> {
  const { identity, cert, key, passphrase, ca } = options;
  if (identity !== undefined && (cert ?? key ?? ca) !== undefined) {
    throw new FotaError("CONFIG_INVALID", "identity is set together with cert, key or ca", {
      hint: "pass these to readDeviceIdentity",
    });
  }
  if (identity !== undefined) return (await resolveGiven(identity)).secureContext;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new FotaError("CONFIG_INVALID", `${given} is set without ${missing}`, {
      hint: "set the device certificate and its private key together",
    });
  }
  const files = {
    ...(cert !== undefined && { cert }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca }),
  };
  if (isEngineKey(key)) return contextWithEngine(await readDeviceIdentity(files), key);
  return (await readDeviceIdentity({ ...files, ...(key !== undefined && { key }) })).secureContext;
}

function contextWithEngine(identity: DeviceIdentity, { engine, id }: EngineKey): SecureContext {
  try {
    return createSecureContext({ ...identity, privateKeyEngine: engine, privateKeyIdentifier: id });
  } catch (cause) {
    throw new FotaError(
      "CONFIG_INVALID",
      `the private key in the engine ${engine} cannot be used: ${messageOf(cause)}`,
      {
        cause,
        hint: "check OPENSSL_ENGINES, the name of the key, its PIN, and that it belongs to the certificate",
      },
    );
  }
}

function isEngineKey(key: ThingOptions["key"]): key is EngineKey {
  return typeof key === "object" && "engine" in key;
}
