import { matchJobsTopic, matchProvisioningTopic, matchShadowTopic, messageOf } from "@fota/shared";
import type { IPublishPacket } from "mqtt-packet";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import { basicIngestRule } from "../topics.js";
import type { Broker } from "./broker.js";
import type { Client } from "./clients.js";
import type { ConnectionTerms } from "./connect.js";
import { encodePuback } from "./encode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { type Message, readPublish } from "./message.js";
import { applyMessageFaults, type FaultyConnection } from "./message-faults.js";
import { requirePacketId } from "./packet-id.js";

/** The connected client that publishes. */
export interface Publisher extends FaultyConnection {
  readonly client: Client;
  readonly terms: ConnectionTerms;
  readonly permissions: Permissions;
  readonly broker: Broker;
  readonly log: Log;
  /** Topic aliases of the connection, by number; absent until it sets one. */
  aliases: Map<number, string> | undefined;
  /** Handles a request on a reserved topic; resolves to the answer that only the asker gets, if there is one. */
  answerRequest(topic: string, payload: Uint8Array): Promise<{ topic: string; payload: string } | undefined>;
  sendBytes(bytes: Buffer): void;
}

/** Takes a message that a client publishes. @throws {MqttError} if the message violates a rule, a limit or a policy */
export function handlePublish(packet: IPublishPacket, from: Publisher): void {
  const { terms, permissions, log } = from;
  if (packet.qos === 2) {
    if (terms.version === 5)
      throw new MqttError(REASON.qosNotSupported, `publish to ${packet.topic} with QoS 2`);
    log(`mqtt: ${terms.clientId} published to ${packet.topic} with QoS 2: ignored, as AWS IoT does`);
    return;
  }
  if (packet.properties?.topicAlias !== undefined) from.aliases ??= new Map();
  const message = readPublish(packet, from.aliases);
  const isRequest = isRequestTopic(message.topic);
  if (message.retain && message.topic.startsWith("$")) {
    throw new MqttError(
      REASON.retainNotSupported,
      `publish to ${message.topic}: a message on a reserved topic cannot be retained`,
    );
  }
  // As at AWS, the connection ends if the client may not publish.
  const refusal = publishRefusal(permissions, message);
  if (refusal !== undefined) throw new MqttError(REASON.notAuthorized, refusal);
  const messageId = packet.qos === 1 ? requirePacketId(packet) : undefined;
  applyMessageFaults(from, "fromClient", message.topic, (isRepeat) => {
    const acknowledge = () => {
      if (messageId !== undefined && !isRepeat) from.sendBytes(encodePuback(messageId));
    };
    if (isRequest) {
      acknowledge(); // as at AWS, it confirms that the broker has the request, not that the service has handled it
      answerRequest(message, from);
    } else publish(message, from, acknowledge);
  });
}

/** Calls `acknowledge` when the message is stored, if the broker stores it. */
function publish(message: Message, { broker, client, terms, log }: Publisher, acknowledge: () => void): void {
  broker.publish(message, client);
  const written = broker.written();
  if (written === undefined) acknowledge();
  else {
    written.then(acknowledge, (error: unknown) => {
      // Without a PUBACK, the client sends the message again.
      log(`mqtt: cannot store a message of ${terms.clientId}: ${messageOf(error)}`);
    });
  }
}

function answerRequest(message: Message, from: Publisher): void {
  const { broker, client, log } = from;
  const { topic, payload } = message;
  if (matchShadowTopic(topic) !== undefined) broker.publish(message, client); // as at AWS, subscribers see these
  from.answerRequest(topic, payload).then(
    (answer) => {
      if (answer !== undefined && from.isOpen()) broker.answer(client, answer.topic, answer.payload);
    },
    (error: unknown) => log(`mqtt: cannot answer ${topic}: ${messageOf(error)}`),
  );
}

/**
 * Returns whether a publish to the topic is a request to a service of AWS.
 * @throws {MqttError} for a reserved topic that the stand-in does not support
 */
export function isRequestTopic(topic: string): boolean {
  if (!topic.startsWith("$") || basicIngestRule(topic) !== undefined) return false;
  if (matchProvisioningTopic(topic)?.format === "json" || matchJobsTopic(topic) !== undefined) return true;
  if (matchShadowTopic(topic) !== undefined) return true;
  throw new MqttError(REASON.topicNameInvalid, `publish to ${topic}: ${reservedTopicFault(topic)}`);
}

function reservedTopicFault(topic: string): string {
  if (topic.startsWith("$aws/rules/")) return "the name of a rule has 1 to 128 of a-z, A-Z, 0-9 and _";
  const unsupported =
    matchProvisioningTopic(topic) === undefined ? "this reserved topic" : "CBOR, only the topic with json";
  return `fota local does not support ${unsupported}`;
}

/** Returns why the client may not publish the message; `undefined` if it may. */
export function publishRefusal(permissions: Permissions, { topic, retain }: Message): string | undefined {
  const resource = `topic/${topic}`;
  const refusal = permissions.refusal("iot:Publish", resource);
  return refusal ?? (retain ? permissions.refusal("iot:RetainPublish", resource) : undefined);
}
