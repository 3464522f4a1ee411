import { createSecureContext } from "node:tls";
import { FotaError, messageOf } from "@fota/shared";
import type { IClientOptions } from "mqtt/lib/client";
import { type DeviceIdentity, readDeviceIdentity } from "./device-identity.js";
import type { Broker, EngineKey, ThingOptions } from "./mqtt-options.js";
import type { Given, Pem } from "./pem.js";

// Apart from the options of ours: MQTT.js's types need the DOM's, which a device build does not have.

/** AWS IoT Developer Guide, "Device communication protocols": on port 443, ALPN distinguishes MQTT from HTTPS. */
const ALPN_ON_443 = "x-amzn-mqtt-ca";

/** Options of MQTT.js, which passes those of TLS on to Node. */
export type ClientSettings = IClientOptions & Identity & { ALPNProtocols?: string[] };

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
    ...(await readIdentity(options)),
    rejectUnauthorized: true, // also where NODE_TLS_REJECT_UNAUTHORIZED is 0
    ...(broker.secure && broker.port === 443 && { ALPNProtocols: [ALPN_ON_443] }),
  };
}

/** TLS options of Node. */
interface Identity extends DeviceIdentity {
  privateKeyEngine?: string;
  privateKeyIdentifier?: string;
}

async function readIdentity(options: ThingOptions): Promise<Identity> {
  const { cert, key, passphrase, ca } = options;
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
  if (key === undefined) return await readDeviceIdentity(files);
  if (!isEngineKey(key)) return await readDeviceIdentity({ ...files, key });
  const identity = {
    ...(await readDeviceIdentity(files)),
    privateKeyEngine: key.engine,
    privateKeyIdentifier: key.id,
  };
  try {
    createSecureContext(identity);
  } catch (cause) {
    throw new FotaError(
      "CONFIG_INVALID",
      `the private key in the engine ${key.engine} cannot be used: ${messageOf(cause)}`,
      {
        cause,
        hint: "check OPENSSL_ENGINES, the name of the key, its PIN, and that it belongs to the certificate",
      },
    );
  }
  return identity;
}

function isEngineKey(key: Given<Pem> | EngineKey): key is EngineKey {
  return typeof key === "object" && "engine" in key;
}
