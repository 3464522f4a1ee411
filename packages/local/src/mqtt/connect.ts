/** CONNECT and its answer: what AWS IoT takes, and on which terms. */

import { randomUUID } from "node:crypto";
import { MQTT_PAYLOAD_MAX_BYTES } from "@fota/shared";
import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { topicFault } from "../topics.js";
import { REASON } from "./errors.js";
import {
  CLIENT_ID_MAX_BYTES,
  IN_FLIGHT_MAX,
  KEEP_ALIVE_MAX_SECONDS,
  KEEP_ALIVE_MIN_SECONDS,
  PACKET_MAX_BYTES,
  SESSION_EXPIRY_MAX_SECONDS,
  TOPIC_ALIAS_MAX,
} from "./limits.js";
import { type Message, messageProperties } from "./message.js";

/** What a connection runs by, once its CONNECT is accepted. */
export interface ConnectionTerms {
  clientId: string;
  /** The client named none; over MQTT 5 it is told this one. */
  clientIdAssigned: boolean;
  version: 4 | 5;
  /** Start with a new session, whatever is kept. */
  cleanStart: boolean;
  sessionExpirySeconds: number;
  keepAliveSeconds: number;
  /** QoS 1 messages that the client takes unacknowledged. */
  receiveMaximum: number;
  /** Bytes of a packet that the client takes. */
  maximumPacketSize: number;
  will?: Message;
}

export interface Refusal {
  reasonCode: number;
  message: string;
}

/** Checks a CONNECT. Name and password are ignored, as AWS ignores them without custom authentication. */
export function connectionTerms(packet: IConnectPacket): ConnectionTerms | Refusal {
  const version = packet.protocolVersion;
  // 3.1 has another CONNECT, and AWS IoT does not speak it.
  if (version !== 4 && version !== 5) {
    return refusal(
      REASON.unsupportedProtocolVersion,
      `protocol level ${version}, only 4 (3.1.1) and 5 are spoken`,
    );
  }
  if (packet.properties?.authenticationMethod !== undefined) {
    return refusal(REASON.badAuthenticationMethod, "enhanced authentication is not supported");
  }
  // 3.1.1 leaves a client without an id to the server, unless it wants its session kept [MQTT-3.1.3-6 to 8].
  const clientIdAssigned = packet.clientId === "" && (version === 5 || packet.clean !== false);
  const clientId = clientIdAssigned ? `$GEN/${randomUUID()}` : packet.clientId;
  const idFault = clientIdAssigned ? undefined : clientIdFault(clientId);
  if (idFault !== undefined) return refusal(REASON.clientIdentifierNotValid, idFault);

  const will = packet.will && willOf(packet.will);
  if (will !== undefined && "reasonCode" in will) return will;
  const receiveMaximum = packet.properties?.receiveMaximum ?? 0xffff;
  const maximumPacketSize = packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  if (receiveMaximum < 1 || maximumPacketSize < 1) {
    return refusal(REASON.protocolError, "Receive Maximum and Maximum Packet Size are at least 1"); // [MQTT-3.1.2.11.3]
  }
  const cleanStart = packet.clean ?? true;
  return {
    clientId,
    clientIdAssigned,
    version,
    cleanStart,
    sessionExpirySeconds: sessionExpirySeconds(version, cleanStart, packet.properties?.sessionExpiryInterval),
    keepAliveSeconds: keepAliveSeconds(packet.keepalive ?? 0),
    receiveMaximum,
    maximumPacketSize,
    ...(will !== undefined && { will }),
  };
}

/** MQTT 3.1.1 keeps a session with Clean Session 0; MQTT 5 by its Session Expiry Interval. Both for an hour at most. */
function sessionExpirySeconds(version: 4 | 5, cleanStart: boolean, interval: number | undefined): number {
  const wanted = version === 5 ? (interval ?? 0) : cleanStart ? 0 : SESSION_EXPIRY_MAX_SECONDS;
  return keptSeconds(wanted);
}

/** How long a session is kept that is to be kept for `wantedSeconds`. */
export function keptSeconds(wantedSeconds: number): number {
  return Math.min(wantedSeconds, SESSION_EXPIRY_MAX_SECONDS);
}

/** AWS IoT Developer Guide, "MQTT", keep-alive: 30 to 1200 seconds; 0 is taken as the most. */
function keepAliveSeconds(wanted: number): number {
  if (wanted === 0) return KEEP_ALIVE_MAX_SECONDS;
  return Math.min(Math.max(wanted, KEEP_ALIVE_MIN_SECONDS), KEEP_ALIVE_MAX_SECONDS);
}

export function connackAccepted(terms: ConnectionTerms, sessionPresent: boolean): IConnackPacket {
  if (terms.version === 4) return { cmd: "connack", returnCode: 0, sessionPresent };
  return {
    cmd: "connack",
    reasonCode: 0,
    sessionPresent,
    properties: {
      sessionExpiryInterval: terms.sessionExpirySeconds,
      receiveMaximum: IN_FLIGHT_MAX,
      maximumQoS: 1,
      retainAvailable: true,
      maximumPacketSize: PACKET_MAX_BYTES,
      ...(terms.clientIdAssigned && { assignedClientIdentifier: terms.clientId }),
      topicAliasMaximum: TOPIC_ALIAS_MAX,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: false, // AWS IoT has none either
      sharedSubscriptionAvailable: true,
      serverKeepAlive: terms.keepAliveSeconds,
    },
  };
}

export function connackRefused(
  version: number | undefined,
  { reasonCode, message }: Refusal,
): IConnackPacket {
  // A client of another version reads the second byte too: 3.1.1's code for the version is understood by all.
  if (version !== 5) return { cmd: "connack", returnCode: returnCodeOf(reasonCode), sessionPresent: false };
  return { cmd: "connack", reasonCode, sessionPresent: false, properties: { reasonString: message } };
}

/** MQTT 3.1.1, table 3.1. */
function returnCodeOf(reasonCode: number): number {
  switch (reasonCode) {
    case REASON.unsupportedProtocolVersion:
      return 1;
    case REASON.clientIdentifierNotValid:
      return 2;
    case REASON.notAuthorized:
      return 5;
    default:
      return 3;
  }
}

function clientIdFault(clientId: string): string | undefined {
  const sizeBytes = Buffer.byteLength(clientId);
  if (sizeBytes === 0) return "the client id is empty";
  if (sizeBytes > CLIENT_ID_MAX_BYTES) {
    return `the client id has ${sizeBytes} bytes, at most ${CLIENT_ID_MAX_BYTES} are taken`;
  }
  if (clientId.startsWith("$")) return "a client id does not begin with $";
  return undefined;
}

function willOf(will: NonNullable<IConnectPacket["will"]>): Message | Refusal {
  const payload = Buffer.from(will.payload);
  const fault = topicFault(will.topic) ?? (will.topic.startsWith("$") ? "it is reserved" : undefined);
  if (fault !== undefined) return refusal(REASON.topicNameInvalid, `topic of the last will: ${fault}`);
  if (will.qos === 2) return refusal(REASON.qosNotSupported, "the last will asks for QoS 2");
  if (payload.length > MQTT_PAYLOAD_MAX_BYTES)
    return refusal(REASON.packetTooLarge, "the last will is too large");
  if (will.properties?.willDelayInterval) {
    return refusal(REASON.unspecified, "Will Delay Interval is not supported");
  }
  return {
    topic: will.topic,
    payload,
    qos: will.qos ?? 0,
    retain: will.retain ?? false,
    properties: messageProperties(will.properties ?? {}),
  };
}

function refusal(reasonCode: number, message: string): Refusal {
  return { reasonCode, message };
}
