import type { ISubscribePacket, IUnsubscribePacket, Packet } from "mqtt-packet";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker } from "./broker.js";
import { checkSubscriptions } from "./check-subscriptions.js";
import type { Client } from "./clients.js";
import type { ConnectionTerms } from "./connect.js";
import { MqttError, REASON } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { requirePacketId } from "./packet-id.js";
import { enqueue, type Session } from "./session.js";

/** The connected client that subscribes. */
export interface Subscriber {
  readonly client: Client;
  readonly session: Session;
  readonly terms: ConnectionTerms;
  readonly permissions: Permissions;
  readonly broker: Broker;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Sends a packet that is not a PUBLISH. */
  send(packet: Packet): void;
}

/**
 * Answers a SUBSCRIBE, and sends the retained messages of the new subscriptions.
 * @throws {MqttError} if the packet violates a rule
 */
export function subscribe(packet: ISubscribePacket, from: Subscriber): void {
  const { client, session, terms, permissions, broker, outbox, log } = from;
  const messageId = requirePacketId(packet);
  const denialOf = (filter: string) => permissions.refusal("iot:Subscribe", `topicfilter/${filter}`);
  const requests = checkSubscriptions(packet, terms.version, session.subscriptions, denialOf);
  if (requests === undefined) {
    log(`mqtt: ${session.clientId} subscribed with QoS 2: ignored, as AWS IoT does`);
    return;
  }
  for (const { filter, fault } of requests) {
    if (fault) log(`mqtt: ${session.clientId} may not subscribe to ${JSON.stringify(filter)}: ${fault}`);
  }
  const known = new Set(session.subscriptions.keys());
  for (const { filter, subscription } of requests) {
    if (subscription !== undefined) broker.subscribe(client, filter, subscription);
  }
  from.send({ cmd: "suback", messageId, granted: requests.map((request) => request.code) });
  for (const { filter, subscription, retainHandling } of requests) {
    const message = broker.retained(filter);
    if (subscription === undefined || message === undefined) continue;
    if (retainHandling === 2 || (retainHandling === 1 && known.has(filter))) continue; // [MQTT-3.3.1-9 to 11]
    const qos = message.qos === 0 ? 0 : subscription.qos;
    if (qos === 0) outbox.send({ message, qos, retain: true });
    else enqueue(session, { message, qos, retain: true });
  }
  outbox.sendQueued();
}

/** Answers an UNSUBSCRIBE. @throws {MqttError} if the packet violates a rule */
export function unsubscribe(packet: IUnsubscribePacket, from: Subscriber): void {
  const { client, broker } = from;
  const messageId = requirePacketId(packet);
  if (packet.unsubscriptions.length === 0)
    throw new MqttError(REASON.protocolError, "an UNSUBSCRIBE without topic filters");
  const granted = packet.unsubscriptions.map((filter) =>
    broker.unsubscribe(client, filter) ? 0 : REASON.noSubscriptionExisted,
  );
  from.send({ cmd: "unsuback", messageId, granted });
}
