import { createSecureContext } from "node:tls";
import { FotaError, messageOf } from "@fota/shared";
import type { IClientOptions } from "mqtt";
import type { BackoffPolicy } from "../core/backoff.js";
import type { Log } from "../core/ports.js";
import { type DeviceIdentity, readDeviceIdentity } from "./device-identity.js";
import type { Given, Pem } from "./pem.js";

export interface ThingOptions {
  thingName: string;
  /** `host` or `host:port` of AWS IoT Core; mutual TLS. The port is 8883 unless it is given. */
  endpoint?: string;
  /** Instead of `endpoint`: `mqtts://host[:port]`, or `mqtt://host[:port]` for a broker without TLS. */
  url?: string;
  /**
   * Device certificate, its private key, and the only roots to trust (default: Node's). Files are read again and
   * functions called again for each connection, so that renewed ones are taken.
   */
  cert?: Given<Pem>;
  key?: Given<Pem> | EngineKey;
  /** Decrypts `key` where that is encrypted. */
  passphrase?: Given<string>;
  ca?: Given<Pem | readonly Pem[]>;
  /** Default: the thing name, as AWS's thing policy variables want it. One connection for each client id. */
  clientId?: string;
  /** 5 by default: its reason codes tell why something was refused, where 3.1.1 just loses the connection. */
  protocolVersion?: 4 | 5;
  keepAliveSeconds?: number;
  /**
   * How long the broker keeps subscriptions and undelivered messages of a connection that is lost. Default 0: a clean
   * session. MQTT 3.1.1 knows no time: any above 0 is a persistent session there, which AWS IoT keeps for an hour.
   */
  sessionExpirySeconds?: number;
  /** Limit on one attempt to connect. */
  connectTimeoutMs?: number;
  /** Limit on one acknowledgement by the broker. */
  ackTimeoutMs?: number;
  /** Delays between attempts after a loss. */
  reconnect?: BackoffPolicy;
  /** Told when messages flow, and when the connection is lost; it comes back by itself then. */
  onConnectionChange?: (connected: boolean) => void;
  log?: Log;
}

/**
 * A private key that never leaves its secure element: an OpenSSL engine signs with it. Node 20 and 22 have engines,
 * newer OpenSSL drops them.
 */
export interface EngineKey {
  /**
   * Name of the engine, `pkcs11` for the one of libp11. OpenSSL looks for it in its own folder or in that of the
   * variable OPENSSL_ENGINES; by its path it could be used once only, so no path is taken.
   */
  engine: string;
  /**
   * The key as the engine names it, e.g. `pkcs11:token=device;object=key;pin-source=/etc/device/pin` (RFC 7512; a file
   * without a line end). A PIN in the id itself would be in what the engine says about an error.
   */
  id: string;
}

/** Where to connect to. */
export interface Broker {
  secure: boolean;
  host: string;
  port: number;
}

/** @throws {FotaError} CONFIG_INVALID */
export function brokerOf(options: Pick<ThingOptions, "endpoint" | "url">): Broker {
  const { endpoint, url } = options;
  if ((endpoint === undefined) === (url === undefined)) {
    throw new FotaError("CONFIG_INVALID", "connectThing needs either an endpoint or a url");
  }
  const text = url ?? `mqtts://${endpoint}`;
  const [, scheme, bracketed, name, port] =
    /^(mqtts?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:?#@[\]]+))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (scheme === undefined || host === undefined) {
    throw new FotaError("CONFIG_INVALID", `${endpoint ?? url} is no broker address`, {
      hint: "endpoint is host or host:port, url is mqtts://host:port or mqtt://host:port",
    });
  }
  const secure = scheme === "mqtts";
  return { secure, host, port: port === undefined ? (secure ? 8883 : 1883) : Number(port) };
}

/** AWS IoT Developer Guide, "Device communication protocols": on port 443 ALPN tells MQTT from HTTPS. */
const ALPN_ON_443 = "x-amzn-mqtt-ca";

/** One attempt to connect, in MQTT.js's words; it must not reconnect, as its period is fixed and ours backs off. */
export async function clientOptions(options: ThingOptions, broker: Broker): Promise<IClientOptions> {
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
    ...(await identityOf(options)),
    ...(broker.secure && broker.port === 443 && { ALPNProtocols: [ALPN_ON_443] }),
  };
}

/** What TLS shows and trusts, in Node's words. */
interface Identity extends DeviceIdentity {
  privateKeyEngine?: string;
  privateKeyIdentifier?: string;
}

async function identityOf(options: ThingOptions): Promise<Identity> {
  const { cert, key, passphrase, ca } = options;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new FotaError("CONFIG_INVALID", `${given} is given without ${missing}`, {
      hint: "give the device certificate and its private key together",
    });
  }
  const files = {
    ...(cert !== undefined && { cert }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca }),
  };
  if (key === undefined) return await readDeviceIdentity(files);
  if (!isEngineKey(key)) return await readDeviceIdentity({ ...files, key });
  const held = {
    ...(await readDeviceIdentity(files)),
    privateKeyEngine: key.engine,
    privateKeyIdentifier: key.id,
  };
  try {
    createSecureContext(held);
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
  return held;
}

function isEngineKey(key: Given<Pem> | EngineKey): key is EngineKey {
  return typeof key === "object" && "engine" in key;
}
