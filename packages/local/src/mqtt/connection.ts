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
  capSessionExpiry,
  connackAccepted,
  connackRefused,
  type Refusal,
  readConnect,
} from "./connect.js";
import { MqttError, REASON } from "./errors.js";
import { CONNECT_TIMEOUT_MS, UNREAD_MAX_BYTES } from "./limits.js";
import { createMessageFaults } from "./message-faults.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { createPacketHandler, type PacketHandlerOptions, publishRefusal } from "./packet-handler.js";
import { createPacketReader } from "./packet-reader.js";
import { createPresence, type DisconnectReason, type Presence, toDisconnectReason } from "./presence.js";

/** The byte transport of a connection. */
export interface Wire {
  /** Address of the client, for the log. */
  readonly peer: string;
  send(bytes: Buffer): void;
  /** Returns the number of bytes that were sent but not yet transmitted. */
  unreadBytes(): number;
  /** Closes after all bytes are sent. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface ConnectionOptions {
  broker: Broker;
  access: Access;
  faults: FaultSource;
  /**
   * Answers a request on a reserved topic. `certificateId` is that of the client's certificate; absent if it has none.
   */
  answerRequest: (
    topic: string,
    payload: Uint8Array,
    certificateId: string | undefined,
  ) => ReturnType<PacketHandlerOptions["answerRequest"]>;
  /** The stand-in's time, for the expiry of messages and sessions. */
  clock: Clock;
  /** Real time, for keep-alive: the client's time does not move with the stand-in's clock. */
  socketClock: Clock;
  log: Log;
}

/** One client's connection, from before its CONNECT until it closes. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** Tells the connection that its transport has closed. Safe to call twice. */
  closed(): void;
  /** Ends the connection if its client may no longer be connected. */
  recheck(): void;
  /** Ends the connection because the stand-in stops. */
  shutDown(): void;
}

/** The parts of a connection that exist after the CONNECT. */
interface Connected {
  terms: ConnectionTerms;
  client: Client;
  permissions: Permissions;
  presence: Presence;
  outbox: Outbox;
  /** Handles all packets except CONNECT and DISCONNECT. */
  handlePacket: (packet: Packet) => void;
}

export function openConnection(wire: Wire, options: ConnectionOptions): Connection {
  const { access, broker, clock, socketClock, log } = options;
  let connected: Connected | undefined;
  let ended = false;
  let lastReceivedAtMs = socketClock.nowMs();
  let cancelTimer = socketClock.after(CONNECT_TIMEOUT_MS, () => {
    fail(REASON.protocolError, `no CONNECT within ${CONNECT_TIMEOUT_MS} ms`);
  });

  const link: Link = {
    send: (delivery) => connected?.outbox.send(delivery),
    sendQueued: () => {
      if (!ended) connected?.outbox.sendQueued();
    },
    takeOver: () => fail(REASON.sessionTakenOver, "the client id has connected again"),
    breakConnection,
  };

  const read = createPacketReader((packet) => {
    if (!ended) handle(packet);
  });

  function receive(chunk: Buffer): void {
    if (ended) return;
    lastReceivedAtMs = socketClock.nowMs();
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
    else connected.handlePacket(packet);
  }

  function connect(packet: IConnectPacket): void {
    if (connected !== undefined) throw new MqttError(REASON.protocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    const terms = authorizeConnect(packet, access);
    if ("reasonCode" in terms) {
      const version = packet.protocolVersion === 5 ? 5 : 4;
      log(`mqtt: ${packet.clientId || "client"} at ${wire.peer} refused: ${terms.message}`);
      sendBytes(generate(connackRefused(version, terms), { protocolVersion: version }));
      end("CLIENT_ERROR");
      return;
    }
    const { client, sessionPresent } = broker.attach(terms, link);
    connected = connectClient(client, terms);
    watchKeepAlive(terms.keepAliveSeconds * 1500); // 1.5 times, in milliseconds
    send(connackAccepted(terms, sessionPresent));
    broker.publish(connected.presence.connected());
    connected.outbox.sendAgain();
    connected.outbox.sendQueued();
  }

  function connectClient(client: Client, terms: ConnectionTerms): Connected {
    const { clientId, version } = terms;
    const { certificateId, sourceIp } = access;
    const permissions = access.permissions(terms);
    const { faults } = options;
    const applyFaults = createMessageFaults({
      faults,
      clock,
      clientId,
      isOpen: () => !ended,
      breakConnection,
    });
    const { session } = client;
    const outbox = createOutbox({ session, terms, permissions, applyFaults, sendBytes, clock, log });
    const handlerOptions: PacketHandlerOptions = {
      version,
      client,
      permissions,
      broker,
      outbox,
      applyFaults,
      answerRequest: (topic, payload) => options.answerRequest(topic, payload, certificateId),
      send,
      log,
    };
    return {
      terms,
      client,
      permissions,
      presence: createPresence({ clientId, certificateId, sourceIp, nowMs: clock.nowMs }),
      outbox,
      handlePacket: createPacketHandler(handlerOptions),
    };
  }

  function watchKeepAlive(limitMs: number): void {
    cancelTimer();
    const silentMs = socketClock.nowMs() - lastReceivedAtMs;
    if (silentMs >= limitMs) fail(REASON.keepAliveTimeout, `no packet for ${limitMs / 1000} s`);
    else cancelTimer = socketClock.after(limitMs - silentMs, () => watchKeepAlive(limitMs));
  }

  function disconnect(packet: IDisconnectPacket, { client, terms }: Connected): void {
    const interval = packet.properties?.sessionExpiryInterval;
    const { sessionExpirySeconds } = terms;
    if (interval !== undefined && interval > 0 && sessionExpirySeconds === 0) {
      throw new MqttError(REASON.protocolError, "a session expiry must be requested in CONNECT"); // [MQTT-3.14.2-2]
    }
    if (interval !== undefined) client.session.expirySeconds = capSessionExpiry(interval); // shorter or longer
    end("CLIENT_INITIATED_DISCONNECT", packet.reasonCode === REASON.disconnectWithWill);
  }

  function send(packet: Packet): void {
    sendBytes(generate(packet, { protocolVersion: connected?.terms.version ?? 4 }));
  }

  function sendBytes(bytes: Buffer): void {
    if (ended) return;
    wire.send(bytes);
    if (wire.unreadBytes() <= UNREAD_MAX_BYTES) return;
    log(`mqtt: disconnected ${describeClient()}, because it does not read its messages`);
    breakConnection();
  }

  /** Ends the connection without a DISCONNECT, and publishes the last will. */
  function breakConnection(): void {
    wire.destroy();
    leave("CONNECTION_LOST", true);
  }

  function fail(reasonCode: number, message: string): void {
    if (ended) return;
    log(`mqtt: ${describeClient()} disconnected: ${message}`);
    if (connected?.terms.version === 5) {
      send({ cmd: "disconnect", reasonCode, properties: { reasonString: message } });
    } else if (reasonCode === REASON.unsupportedProtocolVersion) {
      sendBytes(generate(connackRefused(undefined, { reasonCode, message })));
    }
    end(toDisconnectReason(reasonCode), true);
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
    else log(`mqtt: the last will of ${describeClient()} is not published: ${refusal}`);
  }

  function describeClient(): string {
    return connected === undefined ? `client at ${wire.peer}` : connected.terms.clientId;
  }

  return {
    receive,
    closed: () => leave("CONNECTION_LOST", true),
    recheck: () => {
      const refusal = connected && access.refusal();
      if (refusal !== undefined) fail(REASON.notAuthorized, refusal);
    },
    shutDown: () => fail(REASON.serverShuttingDown, "the stand-in is stopping"),
  };
}

/** Checks a CONNECT and whether the client may connect. */
function authorizeConnect(packet: IConnectPacket, access: Access): ConnectionTerms | Refusal {
  const fault = access.refusal();
  if (fault !== undefined) return { reasonCode: REASON.notAuthorized, message: fault };
  const terms = readConnect(packet);
  if ("reasonCode" in terms) return terms;
  const refusal = access.permissions(terms).refusal("iot:Connect", `client/${terms.clientId}`);
  return refusal === undefined ? terms : { reasonCode: REASON.notAuthorized, message: refusal };
}
