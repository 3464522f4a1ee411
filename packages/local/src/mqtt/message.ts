import { MQTT_PAYLOAD_MAX_BYTES } from "@fota/shared";
import type { IPublishPacket } from "mqtt-packet";
import { topicFault } from "../topics.js";
import { MqttError, REASON } from "./errors.js";
import { MESSAGE_EXPIRY_MAX_SECONDS, TOPIC_ALIAS_MAX } from "./limits.js";

export type MessageProperties = NonNullable<IPublishPacket["properties"]>;

/** A message in the broker. */
export interface Message {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
  retain: boolean;
  /** MQTT 5 properties for MQTT 5 subscribers, without those of one connection, such as a topic alias. */
  properties: MessageProperties;
  /** The message is not delivered after this time. The broker sets it when it gets the message. */
  expiresAtMs?: number;
  /** When the broker retained the message; absent if it did not, or if an older build did. */
  retainedAtMs?: number;
}

/**
 * Reads a PUBLISH of QoS 0 or 1. `aliases` are the topic aliases of its connection, to which the packet may add
 * one; a packet without an alias needs none.
 *
 * @throws {MqttError} if the packet violates a rule or a limit
 */
export function readPublish(packet: IPublishPacket, aliases: Map<number, string> | undefined): Message {
  const topic = resolveTopic(packet, aliases);
  const fault = topicFault(topic);
  if (fault !== undefined)
    throw new MqttError(REASON.topicNameInvalid, `publish to ${JSON.stringify(topic)}: ${fault}`);
  const payload = Buffer.from(packet.payload);
  if (payload.length > MQTT_PAYLOAD_MAX_BYTES) {
    const limit = `at most ${MQTT_PAYLOAD_MAX_BYTES} are allowed`;
    throw new MqttError(
      REASON.packetTooLarge,
      `publish to ${topic}: the payload has ${payload.length} bytes, ${limit}`,
    );
  }
  return {
    topic,
    payload,
    qos: packet.qos === 0 ? 0 : 1,
    retain: packet.retain,
    properties: packet.properties === undefined ? {} : messageProperties(packet.properties),
  };
}

/**
 * Returns the topic of a packet; an empty topic with an alias means the topic set for it before [MQTT-3.3.2-8 to 12].
 */
function resolveTopic(packet: IPublishPacket, aliases: Map<number, string> | undefined): string {
  const alias = packet.properties?.topicAlias;
  if (alias === undefined) return packet.topic;
  if (alias < 1 || alias > TOPIC_ALIAS_MAX) {
    throw new MqttError(
      REASON.topicAliasInvalid,
      `topic alias ${alias} must be from 1 to ${TOPIC_ALIAS_MAX}`,
    );
  }
  if (packet.topic !== "") aliases?.set(alias, packet.topic);
  const topic = aliases?.get(alias);
  if (topic === undefined) throw new MqttError(REASON.protocolError, `topic alias ${alias} has no topic yet`);
  return topic;
}

/**
 * Checks and returns the properties that go from publisher to subscriber: invalid ones would break the packets for other
 * clients.
 *
 * @throws {MqttError} if a property is invalid
 */
export function messageProperties(sent: MessageProperties): MessageProperties {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData } = sent;
  const values = Object.values(sent.userProperties ?? {}).flat();
  const texts = [contentType ?? "", responseTopic ?? "", ...values];
  if (!texts.every((text) => typeof text === "string")) {
    throw new MqttError(REASON.protocolError, "a message property that must be a string has another type");
  }
  if (/[+#]/.test(responseTopic ?? "")) {
    throw new MqttError(REASON.topicNameInvalid, "a response topic must not contain wildcards"); // [MQTT-3.3.2-14]
  }
  return {
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData && { correlationData }),
    ...(sent.userProperties !== undefined && { userProperties: sent.userProperties }),
  };
}

/** Returns the message with its expiry time, counted from `nowMs`. */
export function withExpiry(message: Message, nowMs: number): Message {
  const interval = message.properties.messageExpiryInterval;
  if (interval === undefined) return message;
  return { ...message, expiresAtMs: nowMs + Math.min(interval, MESSAGE_EXPIRY_MAX_SECONDS) * 1000 };
}

export function isExpired(message: Message, nowMs: number): boolean {
  return message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs;
}

/**
 * Returns the properties for a subscriber, with Message Expiry Interval reduced by the time that the message waited.
 */
export function deliveredProperties(message: Message, nowMs: number): MessageProperties {
  if (message.expiresAtMs === undefined) return message.properties;
  const remainingSeconds = Math.ceil((message.expiresAtMs - nowMs) / 1000);
  return { ...message.properties, messageExpiryInterval: Math.max(remainingSeconds, 1) }; // [MQTT-3.3.2-6]
}

/** Returns a message that the broker itself sends. */
export function textMessage(topic: string, text: string, qos: 0 | 1): Message {
  return { topic, payload: Buffer.from(text), qos, retain: false, properties: {} };
}
