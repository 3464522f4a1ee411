import { messageOf } from "@fota/shared";
import type { IConnectPacket, IDisconnectPacket, Packet } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { Access } from "../policies/access.js";
import { connackRefused, type Refusal, readConnect } from "./connect.js";
import {
  type AcceptedConnect,
  type Carrier,
  type ClientOptions,
  ConnectedClient,
} from "./connected-client.js";
import { encodePacket } from "./encode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { CONNECT_TIMEOUT_MS, UNREAD_MAX_BYTES } from "./limits.js";
import { handlePacket } from "./packet-handler.js";
import { PacketReader } from "./packet-reader.js";
import { type DisconnectReason, toDisconnectReason } from "./presence.js";
import type { Delivery } from "./session.js";
import { SilenceTimer } from "./silence-timer.js";

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

export interface ConnectionOptions extends ClientOptions {
  /** For keep-alive: it does not move with the stand-in's clock or the system's time. */
  socketClock: Clock;
  /** Called when the transport of a connection has closed. */
  forget: (connection: Connection) => void;
}

/** One client's connection, from before its CONNECT until it closes. */
export class Connection implements Carrier {
  readonly #wire: Wire;
  readonly #access: Access;
  readonly #options: ConnectionOptions;
  readonly #silence: SilenceTimer;
  readonly #reader = new PacketReader();
  #connected: ConnectedClient | undefined;
  #ended = false;

  constructor(wire: Wire, access: Access, options: ConnectionOptions) {
    this.#wire = wire;
    this.#access = access;
    this.#options = options;
    this.#silence = new SilenceTimer(options.socketClock);
    this.#silence.limit(CONNECT_TIMEOUT_MS, () => {
      this.#fail(REASON.protocolError, `no CONNECT within ${CONNECT_TIMEOUT_MS} ms`);
    });
  }

  receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#silence.received();
    try {
      for (const packet of this.#reader.read(chunk)) {
        this.#handle(packet);
        if (this.#ended) return;
      }
    } catch (error) {
      const known = error instanceof MqttError;
      this.#fail(known ? error.reasonCode : REASON.unspecified, messageOf(error));
    }
  }

  /** Tells the connection that its transport has closed. Safe to call twice. */
  closed(): void {
    this.#options.forget(this);
    this.#leave("CONNECTION_LOST", true);
  }

  /** Sends one QoS 0 message. */
  send(delivery: Delivery): void {
    this.#connected?.outbox.send(delivery);
  }

  /** Sends messages of the session's queue, as many as the client accepts now. */
  sendQueued(): void {
    if (!this.#ended) this.#connected?.outbox.sendQueued();
  }

  /** Ends the connection because its client id has connected again. */
  takeOver(): void {
    this.#fail(REASON.sessionTakenOver, "the client id has connected again");
  }

  /** Ends the connection without a DISCONNECT, and publishes the last will. */
  breakConnection(): void {
    this.#wire.destroy();
    this.#leave("CONNECTION_LOST", true);
  }

  /** Ends the connection if its client may no longer be connected. */
  recheck(): void {
    const refusal = this.#connected && this.#access.refusal();
    if (refusal !== undefined) this.#fail(REASON.notAuthorized, refusal);
  }

  /** Ends the connection because the stand-in stops. */
  shutDown(): void {
    this.#fail(REASON.serverShuttingDown, "the stand-in is stopping");
  }

  isOpen(): boolean {
    return !this.#ended;
  }

  sendBytes(bytes: Buffer): void {
    if (this.#ended) return;
    this.#wire.send(bytes);
    if (this.#wire.unreadBytes() <= UNREAD_MAX_BYTES) return;
    this.#options.log(`mqtt: disconnected ${this.#describeClient()}, because it does not read its messages`);
    this.breakConnection();
  }

  #handle(packet: Packet): void {
    if (packet.cmd === "connect") {
      this.#connect(packet);
      return;
    }
    if (this.#connected === undefined) {
      throw new MqttError(REASON.protocolError, `${packet.cmd} before CONNECT`); // [MQTT-3.1.0-1]
    }
    if (packet.cmd === "disconnect") this.#disconnect(packet, this.#connected);
    else handlePacket(packet, this.#connected);
  }

  #connect(packet: IConnectPacket): void {
    if (this.#connected !== undefined) throw new MqttError(REASON.protocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    const decision = authorizeConnect(packet, this.#access);
    if ("reasonCode" in decision) {
      const version = packet.protocolVersion === 5 ? 5 : 4;
      this.#options.log(
        `mqtt: ${packet.clientId || "client"} at ${this.#wire.peer} refused: ${decision.message}`,
      );
      this.sendBytes(encodePacket(connackRefused(version, decision), version));
      this.#end("CLIENT_ERROR");
      return;
    }
    this.#connected = new ConnectedClient(decision, this, this.#options);
    const limitMs = decision.terms.keepAliveSeconds * 1500; // 1.5 times, in milliseconds
    this.#silence.limitSilence(limitMs, () => {
      this.#fail(REASON.keepAliveTimeout, `no packet for ${limitMs / 1000} s`);
    });
    this.#connected.start();
  }

  #disconnect(packet: IDisconnectPacket, connected: ConnectedClient): void {
    const interval = packet.properties?.sessionExpiryInterval;
    if (interval !== undefined) connected.changeSessionExpiry(interval);
    this.#end("CLIENT_INITIATED_DISCONNECT", packet.reasonCode === REASON.disconnectWithWill);
  }

  #fail(reasonCode: number, message: string): void {
    if (this.#ended) return;
    this.#options.log(`mqtt: ${this.#describeClient()} disconnected: ${message}`);
    if (this.#connected?.terms.version === 5) {
      this.#connected.send({ cmd: "disconnect", reasonCode, properties: { reasonString: message } });
    } else if (reasonCode === REASON.unsupportedProtocolVersion) {
      this.sendBytes(encodePacket(connackRefused(undefined, { reasonCode, message })));
    }
    this.#end(toDisconnectReason(reasonCode), true);
  }

  #end(reason: DisconnectReason, publishWill = false): void {
    if (this.#ended) return;
    this.#wire.close();
    this.#leave(reason, publishWill);
  }

  #leave(reason: DisconnectReason, publishWill: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#silence.stop();
    this.#connected?.leave(reason, publishWill);
  }

  #describeClient(): string {
    return this.#connected?.terms.clientId ?? `client at ${this.#wire.peer}`;
  }
}

/** Checks a CONNECT and whether the client may connect. */
function authorizeConnect(packet: IConnectPacket, access: Access): AcceptedConnect | Refusal {
  const fault = access.refusal();
  if (fault !== undefined) return { reasonCode: REASON.notAuthorized, message: fault };
  const terms = readConnect(packet);
  if ("reasonCode" in terms) return terms;
  const permissions = access.permissions(terms);
  const refusal = permissions.refusal("iot:Connect", `client/${terms.clientId}`);
  if (refusal !== undefined) return { reasonCode: REASON.notAuthorized, message: refusal };
  return { terms, access, permissions };
}
