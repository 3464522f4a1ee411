import { FotaError } from "@fota/shared";
import type { IClientOptions } from "mqtt";
import type { BackoffPolicy } from "../core/backoff.js";
import type { Log } from "../core/ports.js";
import { type Pem, readPem, readPems } from "./pem.js";

export interface ThingOptions {
  thingName: string;
  /** `host` or `host:port` of AWS IoT Core; mutual TLS. The port is 8883 unless it is given. */
  endpoint?: string;
  /** Instead of `endpoint`: `mqtts://host[:port]`, or `mqtt://host[:port]` for a broker without TLS. */
  url?: string;
  /** Device certificate, its private key, and the only roots to trust (default: Node's). Files are read again for each connection, so that renewed ones are taken. */
  cert?: Pem;
  key?: Pem;
  ca?: Pem | readonly Pem[];
  /** Default: the thing name, as AWS's thing policy variables want it. One connection for each client id. */
  clientId?: string;
  /** 5 by default: its reason codes tell why something was refused, where 3.1.1 just loses the connection. */
  protocolVersion?: 4 | 5;
  keepAliveSeconds?: number;
  /** Limit on one attempt to connect. */
  connectTimeoutMs?: number;
  /** Limit on one acknowledgement by the broker. */
  ackTimeoutMs?: number;
  /** Delays between attempts after a loss. */
  reconnect?: BackoffPolicy;
  log?: Log;
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
  const { cert, key, ca } = options;
  return {
    protocol: broker.secure ? "mqtts" : "mqtt",
    host: broker.host,
    port: broker.port,
    clientId: options.clientId ?? options.thingName,
    protocolVersion: options.protocolVersion ?? 5,
    keepalive: options.keepAliveSeconds ?? 60,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    ...(cert !== undefined && { cert: await readPem(cert, "device certificate") }),
    ...(key !== undefined && { key: await readPem(key, "private key") }),
    ...(ca !== undefined && { ca: await readPems(ca, "CA certificate") }),
    ...(broker.secure && broker.port === 443 && { ALPNProtocols: [ALPN_ON_443] }),
  };
}
