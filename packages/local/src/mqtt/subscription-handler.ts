import type { ISubscribePacket, IUnsubscribePacket, Packet } from "mqtt-packet";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker } from "./broker.js";
import { checkSubscriptions } from "./check-subscriptions.js";
import type { Client } from "./clients.js";
import { MqttError, REASON } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { requirePacketId } from "./packet-id.js";
import { enqueue } from "./session.js";

export interface SubscriptionOptions {
  version: 4 | 5;
  client: Client;
  permissions: Permissions;
  broker: Broker;
  outbox: Outbox;
  /** Sends a packet that is not a PUBLISH. */
  send: (packet: Packet) => void;
  log: Log;
}

/**
 * Answers a SUBSCRIBE, and sends the retained messages of the new subscriptions.
 * @throws {MqttError} if the packet violates a rule
 */
export function subscribe(packet: ISubscribePacket, options: SubscriptionOptions): void {
  const { version, client, permissions, broker, outbox, send, log } = options;
  const { session } = client;
  const messageId = requirePacketId(packet);
  const denialOf = (filter: string) => permissions.refusal("iot:Subscribe", `topicfilter/${filter}`);
  const requests = checkSubscriptions(packet, version, session.subscriptions, denialOf);
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
  send({ cmd: "suback", messageId, granted: requests.map((request) => request.code) });
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
export function unsubscribe(packet: IUnsubscribePacket, options: SubscriptionOptions): void {
  const { client, broker, send } = options;
  const messageId = requirePacketId(packet);
  if (packet.unsubscriptions.length === 0)
    throw new MqttError(REASON.protocolError, "an UNSUBSCRIBE without topic filters");
  const granted = packet.unsubscriptions.map((filter) =>
    broker.unsubscribe(client, filter) ? 0 : REASON.noSubscriptionExisted,
  );
  send({ cmd: "unsuback", messageId, granted });
}
