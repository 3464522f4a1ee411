import { messageOf } from "@fota/shared";
import { generate, type IConnectPacket, type IDisconnectPacket, type Packet } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import type { Log } from "../log.js";
import type { Access } from "../policies/access.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker, Client, Link } from "./broker.js";
import {
  type ConnectionTerms,
  connackAccepted,
  connackRefused,
  connectionTerms,
  keptSeconds,
  type Refusal,
} from "./connect.js";
import { type ConversationOptions, conversation, publishRefusal } from "./conversation.js";
import { MqttError, REASON } from "./errors.js";
import { CONNECT_TIMEOUT_MS, UNREAD_MAX_BYTES } from "./limits.js";
import { applyMessageFaults } from "./message-faults.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { packetReader } from "./packet-reader.js";
import { type DisconnectReason, disconnectReason, type Presence, presenceOf } from "./presence.js";

/** The bytes below a connection. */
export interface Wire {
  /** Whom it leads to, for the log. */
  readonly peer: string;
  send(bytes: Buffer): void;
  /** Sent, and not taken by the other side yet. */
  unreadBytes(): number;
  /** Ends after what was sent. */
  close(): void;
  /** Ends at once. */
  destroy(): void;
}

export interface ConnectionOptions extends Pick<ConversationOptions, "answerJobs"> {
  broker: Broker;
  access: Access;
  faults: FaultSource;
  /** The stand-in's time: how long messages and sessions live. */
  clock: Clock;
  /** Time for keep-alive: always the real one outside of tests, as the peer's time does not move with the stand-in's. */
  socketClock: Clock;
  log: Log;
}

/** One client's connection: from its CONNECT to its end. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** The bytes below have ended. Safe to call twice. */
  lost(): void;
  /** Ends the connection if its client may not stay connected any more. */
  recheck(): void;
  /** The stand-in stops. */
  shutDown(): void;
}

/** What there is from the CONNECT on. */
interface Connected {
  terms: ConnectionTerms;
  client: Client;
  permissions: Permissions;
  presence: Presence;
  outbox: Outbox;
  /** Takes the packets that are neither CONNECT nor DISCONNECT. */
  converse: (packet: Packet) => void;
}

export function openConnection(wire: Wire, options: ConnectionOptions): Connection {
  const { access, broker, clock, socketClock, log } = options;
  let connected: Connected | undefined;
  let ended = false;
  let heardAtMs = socketClock.nowMs();
  let cancelTimer = socketClock.after(CONNECT_TIMEOUT_MS, () => {
    fail(REASON.protocolError, `no CONNECT within ${CONNECT_TIMEOUT_MS} ms`);
  });

  const link: Link = {
    send: (delivery) => connected?.outbox.send(delivery),
    sendQueued: () => {
      if (!ended) connected?.outbox.sendQueued();
    },
    takeOver: () => fail(REASON.sessionTakenOver, "another connection came with this client id"),
    breakOff,
  };

  const read = packetReader((packet) => {
    if (!ended) handle(packet);
  });

  function receive(chunk: Buffer): void {
    if (ended) return;
    heardAtMs = socketClock.nowMs();
    try {
      read(chunk);
    } catch (error) {
      const known = error instanceof MqttError;
      fail(known ? error.reasonCode : REASON.unspecified, messageOf(error));
    }
  }

  function handle(packet: Packet): void {
    if (packet.cmd === "connect") {
      connect(packet);
      return;
    }
    if (connected === undefined) {
      throw new MqttError(REASON.protocolError, `${packet.cmd} before CONNECT`); // [MQTT-3.1.0-1]
    }
    if (packet.cmd === "disconnect") disconnect(packet, connected);
    else connected.converse(packet);
  }

  function connect(packet: IConnectPacket): void {
    if (connected !== undefined) throw new MqttError(REASON.protocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    const terms = permittedTerms(packet, access);
    if ("reasonCode" in terms) {
      const version = packet.protocolVersion === 5 ? 5 : 4;
      log(`mqtt: ${packet.clientId || "client"} at ${wire.peer} refused: ${terms.message}`);
      sendBytes(generate(connackRefused(version, terms), { protocolVersion: version }));
      end("CLIENT_ERROR");
      return;
    }
    const { client, sessionPresent } = broker.attach(terms, link);
    connected = converseWith(client, terms);
    watchKeepAlive(terms.keepAliveSeconds * 1500); // 1.5 times, in milliseconds
    send(connackAccepted(terms, sessionPresent));
    broker.publish(connected.presence.connected());
    connected.outbox.sendAgain();
    connected.outbox.sendQueued();
  }

  function converseWith(client: Client, terms: ConnectionTerms): Connected {
    const { clientId, version } = terms;
    const { certificateId, sourceIp } = access;
    const permissions = access.permissions(terms);
    const { faults, answerJobs } = options;
    const passing = applyMessageFaults({ faults, clock, clientId, isOpen: () => !ended, breakOff });
    const { session } = client;
    const outbox = createOutbox({ session, terms, permissions, passing, sendBytes, clock, log });
    const talk = { version, client, permissions, broker, outbox, passing, answerJobs, send, log };
    return {
      terms,
      client,
      permissions,
      presence: presenceOf({ clientId, certificateId, sourceIp, nowMs: clock.nowMs }),
      outbox,
      converse: conversation(talk),
    };
  }

  function watchKeepAlive(limitMs: number): void {
    cancelTimer();
    const silentMs = socketClock.nowMs() - heardAtMs;
    if (silentMs >= limitMs) fail(REASON.keepAliveTimeout, `nothing heard for ${limitMs / 1000} s`);
    else cancelTimer = socketClock.after(limitMs - silentMs, () => watchKeepAlive(limitMs));
  }

  function disconnect(packet: IDisconnectPacket, { client, terms }: Connected): void {
    const interval = packet.properties?.sessionExpiryInterval;
    const { sessionExpirySeconds } = terms;
    if (interval !== undefined && interval > 0 && sessionExpirySeconds === 0) {
      throw new MqttError(REASON.protocolError, "a session to keep must be asked for at CONNECT"); // [MQTT-3.14.2-2]
    }
    if (interval !== undefined) client.session.expirySeconds = keptSeconds(interval); // shorter or longer
    end("CLIENT_INITIATED_DISCONNECT", packet.reasonCode === REASON.disconnectWithWill);
  }

  function send(packet: Packet): void {
    sendBytes(generate(packet, { protocolVersion: connected?.terms.version ?? 4 }));
  }

  function sendBytes(bytes: Buffer): void {
    if (ended) return;
    wire.send(bytes);
    if (wire.unreadBytes() <= UNREAD_MAX_BYTES) return;
    log(`mqtt: ${nameOf()} does not read what it is sent: disconnected`);
    breakOff();
  }

  /** As a broken link ends it: without a DISCONNECT, and with the last will. */
  function breakOff(): void {
    wire.destroy();
    leave("CONNECTION_LOST", true);
  }

  function fail(reasonCode: number, message: string): void {
    if (ended) return;
    log(`mqtt: ${nameOf()} disconnected: ${message}`);
    if (connected?.terms.version === 5) {
      send({ cmd: "disconnect", reasonCode, properties: { reasonString: message } });
    } else if (reasonCode === REASON.unsupportedProtocolVersion) {
      sendBytes(generate(connackRefused(undefined, { reasonCode, message })));
    }
    end(disconnectReason(reasonCode), true);
  }

  function end(reason: DisconnectReason, publishWill = false): void {
    if (ended) return;
    wire.close();
    leave(reason, publishWill);
  }

  function leave(reason: DisconnectReason, publishWill: boolean): void {
    if (ended) return;
    ended = true;
    cancelTimer();
    if (connected === undefined) return;
    const { client, terms, permissions, presence } = connected;
    broker.detach(client, link, reason);
    broker.publish(presence.disconnected(reason));
    if (!publishWill || terms.will === undefined) return;
    const refusal = publishRefusal(permissions, terms.will);
    if (refusal === undefined) broker.publish(terms.will);
    else log(`mqtt: the last will of ${nameOf()} is not published: ${refusal}`);
  }

  function nameOf(): string {
    return connected === undefined ? `client at ${wire.peer}` : connected.terms.clientId;
  }

  return {
    receive,
    lost: () => leave("CONNECTION_LOST", true),
    recheck: () => {
      const refusal = connected && access.refusal();
      if (refusal !== undefined) fail(REASON.notAuthorized, refusal);
    },
    shutDown: () => fail(REASON.serverShuttingDown, "the stand-in stops"),
  };
}

/** The terms of a CONNECT that is in order and allowed. */
function permittedTerms(packet: IConnectPacket, access: Access): ConnectionTerms | Refusal {
  const fault = access.refusal();
  if (fault !== undefined) return { reasonCode: REASON.notAuthorized, message: fault };
  const terms = connectionTerms(packet);
  if ("reasonCode" in terms) return terms;
  const refusal = access.permissions(terms).refusal("iot:Connect", `client/${terms.clientId}`);
  return refusal === undefined ? terms : { reasonCode: REASON.notAuthorized, message: refusal };
}
