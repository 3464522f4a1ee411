import type { ProxyUrl } from "@fota/shared";
import type { InterruptSignal } from "../core/ports.js";
import { MqttClient } from "./mqtt-client.js";
import type { ClientSettings } from "./mqtt-client-options.js";
import type { Broker, ThingOptions } from "./mqtt-options.js";
import { resolveGiven } from "./pem.js";
import { chooseProxy } from "./proxy.js";
import { trustedRoots } from "./trusted-roots.js";
import { openSocket, openTunnel, startTls } from "./tunnel.js";

/** The proxy on the way to the broker. */
export interface Route {
  proxy: ProxyUrl;
  /** Roots to trust for a proxy that is reached over TLS; `undefined`: Node's. */
  ca: (string | Buffer)[] | undefined;
}

/**
 * Returns the way to the broker for one attempt to connect; `undefined` is the direct one. MQTT always needs a tunnel,
 * as https does, so HTTPS_PROXY holds for it, with TLS and without.
 * @throws {FotaError} CONFIG_INVALID
 */
export async function chooseRoute(options: ThingOptions, broker: Broker): Promise<Route | undefined> {
  const proxy = chooseProxy(options.proxy, "https", broker);
  if (proxy === undefined) return undefined;
  const ca = options.ca ?? (options.identity && (await resolveGiven(options.identity)).ca);
  return { proxy, ca: proxy.secure && ca ? await trustedRoots(ca) : undefined };
}

/**
 * Opens a connection to the broker, and starts a client on it.
 * @param remainingMs time that is left of the attempt
 * @throws {ProxyError} and errors of the network, or of TLS with the broker
 */
export async function startClient(
  settings: ClientSettings,
  broker: Broker,
  route: Route | undefined,
  remainingMs: () => number,
  interrupt: InterruptSignal,
): Promise<MqttClient> {
  const limits = () => ({ timeoutMs: remainingMs(), interrupt });
  const socket =
    route === undefined
      ? await openSocket(broker, limits())
      : await openTunnel(route.proxy, broker, { ca: route.ca }, limits());
  const stream = broker.secure ? await startTls(socket, broker.host, settings, limits()) : socket;
  return new MqttClient(() => stream, settings);
}
