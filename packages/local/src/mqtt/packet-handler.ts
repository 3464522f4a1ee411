import { matchJobsTopic, matchProvisioningTopic, messageOf } from "@fota/shared";
import type { IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet } from "mqtt-packet";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker } from "./broker.js";
import type { Client } from "./clients.js";
import { MqttError, REASON } from "./errors.js";
import { type Message, readPublish } from "./message.js";
import type { ApplyMessageFaults } from "./message-faults.js";
import type { Outbox } from "./outbox.js";
import { acknowledge, enqueue } from "./session.js";
import { checkSubscriptions } from "./subscribe.js";

export interface PacketHandlerOptions {
  version: 4 | 5;
  client: Client;
  permissions: Permissions;
  broker: Broker;
  outbox: Outbox;
  applyFaults: ApplyMessageFaults;
  /** Answers a request on a reserved topic. */
  answerRequest: (
    topic: string,
    payload: Uint8Array,
  ) => Promise<{ topic: string; payload: string } | undefined>;
  /** Sends a packet that is not a PUBLISH. */
  send: (packet: Packet) => void;
  log: Log;
}

/**
 * Returns a function that handles the packets of a connected client. That function throws an MqttError if a packet
 * violates a rule, a limit or a policy; the connection must then end.
 */
export function createPacketHandler(options: PacketHandlerOptions): (packet: Packet) => void {
  const { version, client, permissions, broker, outbox, applyFaults, send, log } = options;
  const { session } = client;
  const { link } = client;
  const aliases = new Map<number, string>();

  function publish(packet: IPublishPacket): void {
    if (packet.qos === 2) {
      if (version === 5) throw new MqttError(REASON.qosNotSupported, `publish to ${packet.topic} with QoS 2`);
      log(`mqtt: ${session.clientId} published to ${packet.topic} with QoS 2: ignored, as AWS IoT does`);
      return;
    }
    const message = readPublish(packet, aliases);
    const isRequest = isRequestTopic(message.topic);
    if (message.retain && isRequest) {
      throw new MqttError(
        REASON.retainNotSupported,
        `publish to ${message.topic}: a message on a reserved topic cannot be retained`,
      );
    }
    // As at AWS, the connection ends if the client may not publish.
    const refusal = publishRefusal(permissions, message);
    if (refusal !== undefined) throw new MqttError(REASON.notAuthorized, refusal);
    const messageId = packet.qos === 1 ? requirePacketId(packet) : undefined;
    applyFaults("fromClient", message.topic, (isRepeat) => {
      const acknowledge = () => {
        if (messageId !== undefined && !isRepeat) send({ cmd: "puback", messageId, reasonCode: 0 });
      };
      if (isRequest) {
        acknowledge(); // as at AWS, it confirms that the broker has the request, not that the service has handled it
        answerRequest(message);
        return;
      }
      broker.publish(message, client);
      const written = broker.written();
      if (written === undefined) acknowledge();
      else written.then(acknowledge, logUnwritten);
    });
  }

  /** Logs a failed write. Without a PUBACK, the client sends the message again. */
  function logUnwritten(error: unknown): void {
    log(`mqtt: cannot store a message of ${session.clientId}: ${messageOf(error)}`);
  }

  function answerRequest({ topic, payload }: Message): void {
    options.answerRequest(topic, payload).then(
      (answer) => {
        if (answer !== undefined && client.link === link) broker.answer(client, answer.topic, answer.payload);
      },
      (error: unknown) => log(`mqtt: cannot answer ${topic}: ${messageOf(error)}`),
    );
  }

  function subscribe(packet: ISubscribePacket): void {
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

  function unsubscribe(packet: IUnsubscribePacket): void {
    const messageId = requirePacketId(packet);
    if (packet.unsubscriptions.length === 0)
      throw new MqttError(REASON.protocolError, "an UNSUBSCRIBE without topic filters");
    const granted = packet.unsubscriptions.map((filter) =>
      broker.unsubscribe(client, filter) ? 0 : REASON.noSubscriptionExisted,
    );
    send({ cmd: "unsuback", messageId, granted });
  }

  return (packet) => {
    switch (packet.cmd) {
      case "publish":
        publish(packet);
        break;
      case "puback":
        acknowledge(session, packet.messageId ?? 0);
        outbox.sendQueued();
        break;
      case "subscribe":
        subscribe(packet);
        break;
      case "unsubscribe":
        unsubscribe(packet);
        break;
      case "pingreq":
        send({ cmd: "pingresp" });
        break;
      default:
        throw new MqttError(REASON.protocolError, `a client must not send ${packet.cmd}`);
    }
  };
}

/**
 * Returns whether a publish to the topic is a request to a service of AWS.
 * @throws {MqttError} for a reserved topic that the stand-in does not support
 */
function isRequestTopic(topic: string): boolean {
  if (!topic.startsWith("$")) return false;
  const provisioning = matchProvisioningTopic(topic);
  if (provisioning?.format === "json" || matchJobsTopic(topic) !== undefined) return true;
  const unsupported = provisioning === undefined ? "this reserved topic" : "CBOR, only the topic with json";
  throw new MqttError(
    REASON.topicNameInvalid,
    `publish to ${topic}: fota local does not support ${unsupported}`,
  );
}

/** Returns why the client may not publish the message; `undefined` if it may. */
export function publishRefusal(permissions: Permissions, { topic, retain }: Message): string | undefined {
  const resource = `topic/${topic}`;
  const refusal = permissions.refusal("iot:Publish", resource);
  return refusal ?? (retain ? permissions.refusal("iot:RetainPublish", resource) : undefined);
}

/** @throws {MqttError} if the packet id is missing or 0 [MQTT-2.2.1-3] */
function requirePacketId(packet: Packet): number {
  if (packet.messageId === undefined || packet.messageId < 1) {
    throw new MqttError(REASON.protocolError, `${packet.cmd} without a packet id`);
  }
  return packet.messageId;
}
