import { matchJobsTopic, messageOf } from "@fota/shared";
import {
  generate,
  type IConnectPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
} from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import { strikeMessage } from "../faults/message.js";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker, Client, Link } from "./broker.js";
import {
  type ConnectionTerms,
  connackAccepted,
  connackRefused,
  connectionTerms,
  type Refusal,
} from "./connect.js";
import { MqttError, REASON } from "./errors.js";
import { CONNECT_TIMEOUT_MS, UNREAD_MAX_BYTES } from "./limits.js";
import { deliveredProperties, type Message, readPublish } from "./message.js";
import { packetReader } from "./packet-reader.js";
import { type Delivery, enqueue, takeSendable } from "./session.js";
import { subscriptionRequests } from "./subscribe.js";

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

export interface ConnectionOptions {
  broker: Broker;
  access: Access;
  /** Answers a publish in the Jobs namespace of a thing. */
  answerJobs: (topic: string, payload: Uint8Array) => Promise<{ topic: string; payload: string } | undefined>;
  faults: FaultSource;
  /** The stand-in's time: how long messages and sessions live. */
  clock: Clock;
  /** Time for keep-alive: always the real one outside of tests, as the peer's time does not move with the stand-in's. */
  socketClock: Clock;
  log: Log;
}

/** Who is at the other end of a connection, and what it may do. */
export interface Access {
  /** Why the client may not connect, or stay connected; `undefined`: it may. */
  refusal(): string | undefined;
  /** What it may do under these terms. */
  permissions(terms: ConnectionTerms): Permissions;
}

/** One client's connection: the packets that it sends, and the answers to them. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** The bytes below have ended. Safe to call twice. */
  lost(): void;
  /** Ends the connection if its client may not stay connected any more. */
  recheck(): void;
  /** The stand-in stops. */
  shutDown(): void;
}

export function openConnection(wire: Wire, options: ConnectionOptions): Connection {
  const { broker, clock, socketClock, log } = options;
  const aliases = new Map<number, string>();
  let terms: ConnectionTerms | undefined;
  let client: Client | undefined;
  let permissions: Permissions | undefined;
  let ended = false;
  let heardAtMs = socketClock.nowMs();
  let cancelTimer = socketClock.after(CONNECT_TIMEOUT_MS, () => {
    fail(REASON.protocolError, `no CONNECT within ${CONNECT_TIMEOUT_MS} ms`);
  });

  const link: Link = {
    send: (delivery) => {
      sendDelivery(delivery);
    },
    sendQueued,
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
    if (client === undefined || terms === undefined) {
      throw new MqttError(REASON.protocolError, `${packet.cmd} before CONNECT`); // [MQTT-3.1.0-1]
    }
    switch (packet.cmd) {
      case "publish":
        publish(packet, client, terms);
        break;
      case "puback":
        client.session.inFlight.delete(packet.messageId ?? 0);
        sendQueued();
        break;
      case "subscribe":
        subscribe(packet, client, terms);
        break;
      case "unsubscribe":
        unsubscribe(packet, client);
        break;
      case "pingreq":
        send({ cmd: "pingresp" });
        break;
      case "disconnect":
        disconnect(packet, client, terms);
        break;
      default:
        throw new MqttError(REASON.protocolError, `a client sends no ${packet.cmd} here`);
    }
  }

  function connect(packet: IConnectPacket): void {
    if (terms !== undefined) throw new MqttError(REASON.protocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    const wanted = permitted(packet);
    if ("reasonCode" in wanted) {
      const version = packet.protocolVersion === 5 ? 5 : 4;
      log(`mqtt: ${packet.clientId || "client"} at ${wire.peer} refused: ${wanted.message}`);
      sendBytes(generate(connackRefused(version, wanted), { protocolVersion: version }));
      end();
      return;
    }
    const attached = broker.attach(wanted, link);
    terms = wanted;
    permissions = options.access.permissions(wanted);
    client = attached.client;
    watchKeepAlive(wanted.keepAliveSeconds * 1500); // 1.5 times, in milliseconds
    send(connackAccepted(wanted, attached.sessionPresent));
    for (const [packetId, delivery] of client.session.inFlight) {
      if (!sendDelivery(delivery, packetId, true)) client.session.inFlight.delete(packetId); // [MQTT-4.4.0-1]
    }
    sendQueued();
  }

  /** The terms of a CONNECT that is in order and allowed. */
  function permitted(packet: IConnectPacket): ConnectionTerms | Refusal {
    const fault = options.access.refusal();
    if (fault !== undefined) return { reasonCode: REASON.notAuthorized, message: fault };
    const wanted = connectionTerms(packet);
    if ("reasonCode" in wanted) return wanted;
    const refusal = options.access.permissions(wanted).refusal("iot:Connect", `client/${wanted.clientId}`);
    return refusal === undefined ? wanted : { reasonCode: REASON.notAuthorized, message: refusal };
  }

  function watchKeepAlive(limitMs: number): void {
    cancelTimer();
    const silentMs = socketClock.nowMs() - heardAtMs;
    if (silentMs >= limitMs) fail(REASON.keepAliveTimeout, `nothing heard for ${limitMs / 1000} s`);
    else cancelTimer = socketClock.after(limitMs - silentMs, () => watchKeepAlive(limitMs));
  }

  function publish(packet: IPublishPacket, from: Client, { version }: ConnectionTerms): void {
    if (packet.qos === 2) {
      if (version === 5) throw new MqttError(REASON.qosNotSupported, `publish to ${packet.topic} with QoS 2`);
      log(`mqtt: ${from.session.clientId} published to ${packet.topic} with QoS 2: ignored, as AWS IoT does`);
      return;
    }
    const message = readPublish(packet, aliases);
    const isJobs = matchJobsTopic(message.topic) !== undefined;
    if (message.topic.startsWith("$") && !isJobs) {
      throw new MqttError(
        REASON.topicNameInvalid,
        `publish to ${message.topic}: a reserved topic that is not modelled`,
      );
    }
    if (message.retain && isJobs) {
      throw new MqttError(
        REASON.retainNotSupported,
        `publish to ${message.topic}: a reserved topic retains nothing`,
      );
    }
    // AWS tells a client that may not publish nothing but this: the connection ends.
    const refusal = publishRefusal(message);
    if (refusal !== undefined) throw new MqttError(REASON.notAuthorized, refusal);
    const messageId = packet.qos === 1 ? packetIdOf(packet) : undefined;
    underFault("fromClient", from, message.topic, (isRepeat) => {
      if (messageId !== undefined && !isRepeat) send({ cmd: "puback", messageId, reasonCode: 0 });
      if (isJobs) ask(message, from);
      else broker.publish(message, from);
    });
  }

  function publishRefusal({ topic, retain }: Message): string | undefined {
    const resource = `topic/${topic}`;
    const refusal = permissions?.refusal("iot:Publish", resource);
    return refusal ?? (retain ? permissions?.refusal("iot:RetainPublish", resource) : undefined);
  }

  /** Lets a message pass, or does to it what the fault says that strikes it. */
  function underFault(
    direction: "fromClient" | "toClient",
    { session: { clientId } }: Client,
    topic: string,
    pass: (isRepeat: boolean) => void,
  ): void {
    const fault = strikeMessage(options.faults, { direction, clientId, topic });
    switch (fault?.kind) {
      case undefined:
        pass(false);
        return;
      case "dropMessage":
        return;
      case "delayMessage":
        clock.after(fault.delayMs, () => {
          if (!ended) pass(false);
        });
        return;
      case "doubleMessage":
        pass(false);
        pass(true);
        return;
      case "disconnectClient":
        breakOff();
    }
  }

  /** The PUBACK is out already: as with AWS, it says that the broker has the request, not that Jobs has done it. */
  function ask({ topic, payload }: Message, from: Client): void {
    options.answerJobs(topic, payload).then(
      (answer) => {
        if (answer !== undefined && from.link === link) broker.answer(from, answer.topic, answer.payload);
      },
      (error: unknown) => log(`mqtt: no answer on ${topic}: ${messageOf(error)}`),
    );
  }

  function subscribe(packet: ISubscribePacket, from: Client, { version }: ConnectionTerms): void {
    const messageId = packetIdOf(packet);
    const refused = (filter: string) => permissions?.refusal("iot:Subscribe", `topicfilter/${filter}`);
    const requests = subscriptionRequests(packet, version, from.session.subscriptions, refused);
    if (requests === undefined) {
      log(`mqtt: ${from.session.clientId} subscribed with QoS 2: ignored, as AWS IoT does`);
      return;
    }
    for (const { filter, fault } of requests) {
      if (fault)
        log(`mqtt: ${from.session.clientId} may not subscribe to ${JSON.stringify(filter)}: ${fault}`);
    }
    const known = new Set(from.session.subscriptions.keys());
    for (const { filter, subscription } of requests) {
      if (subscription !== undefined) broker.subscribe(from, filter, subscription);
    }
    send({ cmd: "suback", messageId, granted: requests.map((request) => request.code) });
    for (const { filter, subscription, retainHandling } of requests) {
      const message = broker.retained(filter);
      if (subscription === undefined || message === undefined) continue;
      if (retainHandling === 2 || (retainHandling === 1 && known.has(filter))) continue; // [MQTT-3.3.1-9 to 11]
      const qos = message.qos === 0 ? 0 : subscription.qos;
      if (qos === 0) sendDelivery({ message, qos, retain: true });
      else enqueue(from.session, { message, qos, retain: true });
    }
    sendQueued();
  }

  function unsubscribe(packet: IUnsubscribePacket, from: Client): void {
    const messageId = packetIdOf(packet);
    if (packet.unsubscriptions.length === 0)
      throw new MqttError(REASON.protocolError, "an UNSUBSCRIBE of nothing");
    const granted = packet.unsubscriptions.map((filter) =>
      broker.unsubscribe(from, filter) ? 0 : REASON.noSubscriptionExisted,
    );
    send({ cmd: "unsuback", messageId, granted });
  }

  function disconnect(
    packet: IDisconnectPacket,
    from: Client,
    { sessionExpirySeconds }: ConnectionTerms,
  ): void {
    const interval = packet.properties?.sessionExpiryInterval;
    if (interval !== undefined && interval > 0 && sessionExpirySeconds === 0) {
      throw new MqttError(REASON.protocolError, "a session to keep must be asked for at CONNECT"); // [MQTT-3.14.2-2]
    }
    if (interval !== undefined) from.session.expirySeconds = Math.min(interval, sessionExpirySeconds);
    end(packet.reasonCode === REASON.disconnectWithWill);
  }

  function sendQueued(): void {
    if (client === undefined || terms === undefined || ended) return;
    let freed: boolean;
    do {
      freed = false;
      for (const { packetId, delivery } of takeSendable(
        client.session,
        terms.receiveMaximum,
        clock.nowMs(),
      )) {
        if (sendDelivery(delivery, packetId)) continue;
        client.session.inFlight.delete(packetId);
        freed = true;
      }
    } while (freed);
  }

  /** False when the client gets none of it: it takes no packet of that size [MQTT-3.1.2-25], or may not receive it. */
  function sendDelivery({ message, qos, retain }: Delivery, messageId?: number, dup = false): boolean {
    if (terms === undefined || client === undefined) return false;
    const { topic, payload } = message;
    const refusal = permissions?.refusal("iot:Receive", `topic/${topic}`);
    if (refusal !== undefined) {
      log(`mqtt: ${nameOf()} gets nothing: ${refusal}`);
      return false;
    }
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos, retain, dup };
    if (messageId !== undefined) packet.messageId = messageId;
    if (terms.version === 5) packet.properties = deliveredProperties(message, clock.nowMs());
    const bytes = generate(packet, { protocolVersion: terms.version });
    if (bytes.length > terms.maximumPacketSize) return false;
    underFault("toClient", client, topic, () => sendBytes(bytes));
    return true;
  }

  function send(packet: Packet): void {
    sendBytes(generate(packet, { protocolVersion: terms?.version ?? 4 }));
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
    lost();
  }

  function fail(reasonCode: number, message: string): void {
    if (ended) return;
    log(`mqtt: ${nameOf()} disconnected: ${message}`);
    if (terms?.version === 5) {
      send({ cmd: "disconnect", reasonCode, properties: { reasonString: message } });
    } else if (reasonCode === REASON.unsupportedProtocolVersion) {
      sendBytes(generate(connackRefused(undefined, { reasonCode, message })));
    }
    end(true);
  }

  function end(publishWill = false): void {
    if (ended) return;
    wire.close();
    leave(publishWill);
  }

  function lost(): void {
    leave(true);
  }

  function leave(publishWill: boolean): void {
    if (ended) return;
    ended = true;
    cancelTimer();
    if (client === undefined) return;
    broker.detach(client, link);
    if (!publishWill || terms?.will === undefined) return;
    const refusal = publishRefusal(terms.will);
    if (refusal === undefined) broker.publish(terms.will);
    else log(`mqtt: the last will of ${nameOf()} is not published: ${refusal}`);
  }

  function nameOf(): string {
    return client === undefined ? `client at ${wire.peer}` : client.session.clientId;
  }

  return {
    receive,
    lost,
    recheck: () => {
      const refusal = client && options.access.refusal();
      if (refusal !== undefined) fail(REASON.notAuthorized, refusal);
    },
    shutDown: () => fail(REASON.serverShuttingDown, "the stand-in stops"),
  };
}

/** @throws {MqttError} the packet id is 0 [MQTT-2.2.1-3] */
function packetIdOf(packet: Packet): number {
  if (packet.messageId === undefined || packet.messageId < 1) {
    throw new MqttError(REASON.protocolError, `${packet.cmd} without a packet id`);
  }
  return packet.messageId;
}
