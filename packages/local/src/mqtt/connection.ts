import { messageOf } from "@fota/shared";
import type { IConnectPacket, IDisconnectPacket, Packet } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { Access } from "../policies/access.js";
import type { Link } from "./clients.js";
import { type ConnectionTerms, connackRefused, type Refusal, readConnect } from "./connect.js";
import { type Carrier, ConnectedClient, type ConnectedClientOptions } from "./connected-client.js";
import { encodePacket } from "./encode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { CONNECT_TIMEOUT_MS, UNREAD_MAX_BYTES } from "./limits.js";
import { PacketReader } from "./packet-reader.js";
import { type DisconnectReason, toDisconnectReason } from "./presence.js";
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

export interface ConnectionOptions extends ConnectedClientOptions {
  /** Real time, for keep-alive: the client's time does not move with the stand-in's clock. */
  socketClock: Clock;
}

/** One client's connection, from before its CONNECT until it closes. */
export class Connection implements Carrier {
  readonly link: Link = {
    send: (delivery) => this.#connected?.outbox.send(delivery),
    sendQueued: () => {
      if (!this.#ended) this.#connected?.outbox.sendQueued();
    },
    takeOver: () => this.#fail(REASON.sessionTakenOver, "the client id has connected again"),
    breakConnection: () => this.#break(),
  };
  readonly #wire: Wire;
  readonly #options: ConnectionOptions;
  readonly #silence: SilenceTimer;
  readonly #reader = new PacketReader();
  #connected: ConnectedClient | undefined;
  #ended = false;

  constructor(wire: Wire, options: ConnectionOptions) {
    this.#wire = wire;
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
    this.#leave("CONNECTION_LOST", true);
  }

  /** Ends the connection if its client may no longer be connected. */
  recheck(): void {
    const refusal = this.#connected && this.#options.access.refusal();
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
    this.#break();
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
    else this.#connected.handlePacket(packet);
  }

  #connect(packet: IConnectPacket): void {
    if (this.#connected !== undefined) throw new MqttError(REASON.protocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    const terms = authorizeConnect(packet, this.#options.access);
    if ("reasonCode" in terms) {
      const version = packet.protocolVersion === 5 ? 5 : 4;
      this.#options.log(
        `mqtt: ${packet.clientId || "client"} at ${this.#wire.peer} refused: ${terms.message}`,
      );
      this.sendBytes(encodePacket(connackRefused(version, terms), version));
      this.#end("CLIENT_ERROR");
      return;
    }
    this.#connected = new ConnectedClient(terms, this, this.#options);
    const limitMs = terms.keepAliveSeconds * 1500; // 1.5 times, in milliseconds
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

  /** Ends the connection without a DISCONNECT, and publishes the last will. */
  #break(): void {
    this.#wire.destroy();
    this.#leave("CONNECTION_LOST", true);
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
function authorizeConnect(packet: IConnectPacket, access: Access): ConnectionTerms | Refusal {
  const fault = access.refusal();
  if (fault !== undefined) return { reasonCode: REASON.notAuthorized, message: fault };
  const terms = readConnect(packet);
  if ("reasonCode" in terms) return terms;
  const refusal = access.permissions(terms).refusal("iot:Connect", `client/${terms.clientId}`);
  return refusal === undefined ? terms : { reasonCode: REASON.notAuthorized, message: refusal };
}
