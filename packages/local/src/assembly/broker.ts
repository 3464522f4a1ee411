import { tlsOptions } from "../certificates/tls.js";
import { steadyClock } from "../clock.js";
import type { Closers } from "../closers.js";
import type { Engine } from "../engine/engine.js";
import type { FaultSource } from "../faults/faults.js";
import { type Broker, createBroker } from "../mqtt/broker.js";
import type { ConnectionOptions } from "../mqtt/connection.js";
import { type ConnectionRegistry, createConnectionRegistry } from "../mqtt/connection-registry.js";
import { textMessage } from "../mqtt/message.js";
import { connectionsLimit } from "../mqtt/open-files.js";
import type { Connectivity } from "../mqtt/presence.js";
import { serveMqtt } from "../mqtt/server.js";
import { type Authorizer, createAuthorizer } from "../policies/authorizer.js";
import { connectivityAfterRestart, isConnected, mustRecord } from "../registry/connectivity.js";
import { answerJobsPublish } from "../services/jobs-mqtt.js";
import { answerProvisioningPublish } from "../services/provisioning-mqtt.js";
import { answerShadowPublish } from "../services/shadows-mqtt.js";
import { certificateNames, type LocalOptions } from "./options.js";
import type { State } from "./state.js";

/** The MQTT side of a running stand-in. */
export interface BrokerSide {
  authorizer: Authorizer;
  broker: Broker;
  connections: ConnectionRegistry;
  /** Answers a request on a reserved topic; resolves to `undefined` if the services publish the answer themselves. */
  answerRequest: ConnectionOptions["answerRequest"];
  mqttPort: number;
  mqttsPort: number;
}

/** Starts the broker and listens for MQTT with and without TLS. @throws {FotaError} PORT_IN_USE */
export async function startBroker(
  options: LocalOptions,
  { engine, clock, sessions, authority }: State,
  faults: FaultSource,
  closers: Closers,
): Promise<BrokerSide> {
  const { host = "127.0.0.1", log = () => undefined, strict = false } = options;
  const authorizer = createAuthorizer({ source: engine, strict });
  const previousClients = await noteRestart(engine);
  const onConnectivity = (clientId: string, now: Connectivity) => {
    if (!mustRecord(engine.world, clientId)) return;
    // The next change reports a failed write.
    engine.run("noteConnectivity", { clientId, ...now }).catch(() => undefined);
  };
  const broker = createBroker({ clock, log, store: sessions, previousClients, onConnectivity });
  const publish = (topic: string, payload: string) => broker.publish(textMessage(topic, payload, 1));
  engine.onNotice(({ topic, payload }) => publish(topic, payload), broker.isSubscribed);
  const answerRequest: BrokerSide["answerRequest"] = async (topic, payload, certificateId) =>
    (await answerJobsPublish(engine, topic, payload)) ??
    (await answerProvisioningPublish({ engine, issuer: authority }, topic, payload, certificateId)) ??
    (await answerShadowPublish({ engine, publish }, topic, payload));
  const connections = createConnectionRegistry({
    broker,
    faults,
    clock,
    socketClock: steadyClock,
    log,
    answerRequest,
  });
  const { accessOf, isRegistered, hasRegisteredIssuer } = authorizer;
  const common = { connections, host, accessOf, maxConnections: await connectionsLimit(), log };
  const tls = { ...tlsOptions(authority, certificateNames(options)), isRegistered, hasRegisteredIssuer };
  const plain = await closers.own(serveMqtt({ ...common, port: options.mqttPort ?? 0 }));
  const secure = await closers.own(serveMqtt({ ...common, port: options.mqttsPort ?? 0, tls }));
  return { authorizer, broker, connections, answerRequest, mqttPort: plain.port, mqttsPort: secure.port };
}

/** Records that the clients of the previous process have lost their connections; returns all clients that it knew. */
async function noteRestart(engine: Engine): Promise<ReadonlyMap<string, Connectivity>> {
  const previousClients = connectivityAfterRestart(engine.world, engine.nowMs());
  const before = new Map(engine.world.connectivityIndexed ? engine.world.connectivity : undefined);
  for (const [clientId, now] of previousClients) {
    if (isConnected(before.get(clientId))) await engine.run("noteConnectivity", { clientId, ...now });
  }
  return previousClients;
}
