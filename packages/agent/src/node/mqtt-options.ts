import { FotaError } from "@fota/shared";
import type { BackoffPolicy } from "../core/backoff.js";
import type { Log } from "../core/ports.js";
import type { TlsIdentity } from "./device-identity.js";
import type { Given, Pem } from "./pem.js";
import type { HostAndPort, ProxyOption } from "./proxy.js";

export interface ThingOptions {
  thingName: string;
  /** `host` or `host:port` of AWS IoT Core, for mutual TLS. The default port is 8883. */
  endpoint?: string;
  /** Instead of `endpoint`: `mqtts://host[:port]`, or `mqtt://host[:port]` for a broker without TLS. */
  url?: string;
  /**
   * Device certificate, its private key, and the only roots to trust (default: Node's). Files are read and functions
   * are called for each connection, so that it uses renewed ones.
   */
  cert?: Given<Pem>;
  key?: Given<Pem> | EngineKey;
  /** Decrypts `key` if it is encrypted. */
  passphrase?: Given<string>;
  ca?: Given<Pem | readonly Pem[]>;
  /**
   * Instead of the four: what `readDeviceIdentity` returned. Connections of one process that share it parse and store it
   * once.
   */
  identity?: Given<TlsIdentity>;
  /**
   * Proxy for every broker but one on this machine; it must allow CONNECT to the broker's port. `false`: none. A proxy
   * that is reached over TLS may have a certificate of Node's roots, NODE_EXTRA_CA_CERTS or `ca`.
   * @default HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment, read for each connection
   */
  proxy?: ProxyOption;
  /**
   * A broker keeps only one connection for each client id. AWS's thing policy variables require the thing name.
   * @default the thing name
   */
  clientId?: string;
  /**
   * 4 is MQTT 3.1.1. Only 5 has reason codes that tell why the broker refused something; 4 just loses the connection.
   * @default 5
   */
  protocolVersion?: 4 | 5;
  /** @default 60 */
  keepAliveSeconds?: number;
  /**
   * How long the broker keeps subscriptions and undelivered messages after a connection is lost; 0 is a clean session.
   * MQTT 3.1.1 has no such time: any value above 0 is a persistent session, which AWS IoT keeps for an hour.
   * @default 0
   */
  sessionExpirySeconds?: number;
  /**
   * Calls each attempt to connect, also after a loss, when it may start. Lets a program with thousands of things start
   * only some at once, so that none runs out of time. The time before an attempt starts does not count.
   * @default at once
   */
  inTurn?: <T>(attempt: () => Promise<T>) => Promise<T>;
  /**
   * Limit on one attempt to connect.
   * @default 20_000
   */
  connectTimeoutMs?: number;
  /**
   * Limit on one acknowledgement by the broker.
   * @default 30_000
   */
  ackTimeoutMs?: number;
  /** Delays between attempts to reconnect. Default: 1 s to 60 s. */
  reconnect?: BackoffPolicy;
  /** Called when the connection is up, and when it is lost. A lost connection is restored automatically. */
  onConnectionChange?: (connected: boolean) => void;
  log?: Log;
}

/**
 * A private key that never leaves its secure element: an OpenSSL engine signs with it. Node 20 and 22 support engines;
 * newer OpenSSL does not.
 */
export interface EngineKey {
  /**
   * Name of the engine: `pkcs11` for libp11. OpenSSL searches its own folder, or the one in OPENSSL_ENGINES. A path is
   * not accepted, because OpenSSL can load an engine by path only once.
   */
  engine: string;
  /**
   * The engine's id of the key, such as `pkcs11:token=device;object=key;pin-source=/etc/device/pin` (RFC 7512; the PIN
   * file has no line end). Do not put the PIN into the id: the engine repeats it in error messages.
   */
  id: string;
}

/** Address of a broker. */
export interface Broker extends HostAndPort {
  secure: boolean;
}

/**
 * Parses the address of the broker.
 * @throws {FotaError} CONFIG_INVALID
 */
export function parseBroker(options: Pick<ThingOptions, "endpoint" | "url">): Broker {
  const { endpoint, url } = options;
  if ((endpoint === undefined) === (url === undefined)) {
    throw new FotaError("CONFIG_INVALID", "connectThing needs either endpoint or url", {
      hint: "set one of the two",
    });
  }
  const text = url ?? `mqtts://${endpoint}`;
  const [, scheme, bracketed, name, port] =
    /^(mqtts?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:?#@[\]]+))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (scheme === undefined || host === undefined) {
    throw new FotaError("CONFIG_INVALID", `${endpoint ?? url} is not a broker address`, {
      hint: "set endpoint to host or host:port, or url to mqtts://host:port or mqtt://host:port",
    });
  }
  const secure = scheme === "mqtts";
  return { secure, host, port: port === undefined ? (secure ? 8883 : 1883) : Number(port) };
}
