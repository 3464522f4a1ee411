/** Checks CONNECT packets by the rules of AWS IoT, and makes the answers. */

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

/** The properties of a connection, agreed in CONNECT and CONNACK. */
export interface ConnectionTerms {
  clientId: string;
  /** Whether the server chose the client id; over MQTT 5, the CONNACK names it. */
  clientIdAssigned: boolean;
  version: 4 | 5;
  /** Starts with a new session, even if one is stored. */
  cleanStart: boolean;
  sessionExpirySeconds: number;
  keepAliveSeconds: number;
  /** Most unacknowledged QoS 1 messages that the client accepts. */
  receiveMaximum: number;
  /** Largest packet that the client accepts, in bytes. */
  maximumPacketSize: number;
  will?: Message;
}

export interface Refusal {
  reasonCode: number;
  message: string;
}

/** Checks a CONNECT. Ignores user name and password, as AWS does without custom authentication. */
export function readConnect(packet: IConnectPacket): ConnectionTerms | Refusal {
  const version = packet.protocolVersion;
  // MQTT 3.1 has a different CONNECT, and AWS IoT does not support it.
  if (version !== 4 && version !== 5) {
    return refusal(
      REASON.unsupportedProtocolVersion,
      `protocol level ${version} is not supported, only 4 (MQTT 3.1.1) and 5`,
    );
  }
  if (packet.properties?.authenticationMethod !== undefined) {
    return refusal(REASON.badAuthenticationMethod, "enhanced authentication is not supported");
  }
  // In MQTT 3.1.1 the server may choose the id only for a clean session [MQTT-3.1.3-6 to 8].
  const clientIdAssigned = packet.clientId === "" && (version === 5 || packet.clean !== false);
  const clientId = clientIdAssigned ? `$GEN/${randomUUID()}` : packet.clientId;
  const idFault = clientIdAssigned ? undefined : clientIdFault(clientId);
  if (idFault !== undefined) return refusal(REASON.clientIdentifierNotValid, idFault);

  const will = packet.will && readWill(packet.will);
  if (will !== undefined && "reasonCode" in will) return will;
  const receiveMaximum = packet.properties?.receiveMaximum ?? 0xffff;
  const maximumPacketSize = packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  if (receiveMaximum < 1 || maximumPacketSize < 1) {
    return refusal(REASON.protocolError, "Receive Maximum and Maximum Packet Size must be at least 1"); // [MQTT-3.1.2.11.3]
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

/** Returns how long the session is stored: by Clean Session in MQTT 3.1.1, by Session Expiry Interval in MQTT 5. */
function sessionExpirySeconds(version: 4 | 5, cleanStart: boolean, interval: number | undefined): number {
  const wanted = version === 5 ? (interval ?? 0) : cleanStart ? 0 : SESSION_EXPIRY_MAX_SECONDS;
  return capSessionExpiry(wanted);
}

/** Limits a session expiry to the longest that AWS IoT allows. */
export function capSessionExpiry(wantedSeconds: number): number {
  return Math.min(wantedSeconds, SESSION_EXPIRY_MAX_SECONDS);
}

/** Limits the keep-alive to 30 to 1200 seconds; 0 means 1200. Source: AWS IoT Developer Guide, "MQTT". */
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
      subscriptionIdentifiersAvailable: false, // as at AWS IoT
      sharedSubscriptionAvailable: true,
      serverKeepAlive: terms.keepAliveSeconds,
    },
  };
}

export function connackRefused(
  version: number | undefined,
  { reasonCode, message }: Refusal,
): IConnackPacket {
  // Clients of other versions read the second byte too, so all understand the 3.1.1 code for an unsupported version.
  if (version !== 5) return { cmd: "connack", returnCode: toReturnCode(reasonCode), sessionPresent: false };
  return { cmd: "connack", reasonCode, sessionPresent: false, properties: { reasonString: message } };
}

/** Returns the return code of MQTT 3.1.1, table 3.1. */
function toReturnCode(reasonCode: number): number {
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
    return `the client id has ${sizeBytes} bytes, at most ${CLIENT_ID_MAX_BYTES} are allowed`;
  }
  if (clientId.startsWith("$")) return "a client id must not begin with $";
  return undefined;
}

function readWill(will: NonNullable<IConnectPacket["will"]>): Message | Refusal {
  const payload = Buffer.from(will.payload);
  const fault = topicFault(will.topic) ?? (will.topic.startsWith("$") ? "it is reserved" : undefined);
  if (fault !== undefined) return refusal(REASON.topicNameInvalid, `topic of the last will: ${fault}`);
  if (will.qos === 2) return refusal(REASON.qosNotSupported, "the last will has QoS 2");
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
