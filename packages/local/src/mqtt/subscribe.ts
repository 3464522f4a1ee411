import type { ISubscribePacket, ISubscription } from "mqtt-packet";
import { filterFault, sharedFilter } from "../topics.js";
import { MqttError, REASON } from "./errors.js";
import { FILTERS_PER_SUBSCRIBE_MAX, SUBSCRIPTIONS_PER_CONNECTION_MAX } from "./limits.js";
import type { Subscription } from "./session.js";

/** One line of a SUBSCRIBE, judged. */
export interface SubscriptionRequest {
  filter: string;
  /** Reason code of its line in the SUBACK; below 0x80 the granted QoS. */
  code: number;
  /** Absent when it is refused; `fault` says why. */
  subscription?: Subscription;
  fault?: string;
  /** 0 retained messages come, 1 only if the subscription is new, 2 they do not. */
  retainHandling: number;
}

/**
 * Judges a SUBSCRIBE line by line, next to the subscriptions that are there. `undefined`: AWS IoT answers nothing, as
 * it does to an MQTT 3.1.1 client that asks for QoS 2. `refused` says why the client may not have a filter.
 *
 * @throws {MqttError} the connection ends: too many filters, QoS 2 or a subscription identifier with MQTT 5
 */
export function subscriptionRequests(
  packet: ISubscribePacket,
  version: 4 | 5,
  existing: ReadonlyMap<string, Subscription>,
  refused: (filter: string) => string | undefined,
): SubscriptionRequest[] | undefined {
  const asked = packet.subscriptions.length;
  if (asked === 0) throw new MqttError(REASON.protocolError, "a SUBSCRIBE to nothing"); // [MQTT-3.8.3-2]
  if (asked > FILTERS_PER_SUBSCRIBE_MAX) {
    const limit = `at most ${FILTERS_PER_SUBSCRIBE_MAX} are taken`;
    throw new MqttError(REASON.quotaExceeded, `a SUBSCRIBE to ${asked} filters, ${limit}`);
  }
  if (packet.properties?.subscriptionIdentifier !== undefined) {
    const message = "AWS IoT has no subscription identifiers, as its CONNACK says";
    throw new MqttError(REASON.subscriptionIdentifiersNotSupported, message);
  }
  if (packet.subscriptions.some(({ qos }) => qos === 2)) {
    if (version === 4) return undefined;
    throw new MqttError(REASON.qosNotSupported, "a SUBSCRIBE with QoS 2");
  }
  const filters = new Set(existing.keys());
  return packet.subscriptions.map((subscription) => {
    const refusal = refusalOf(subscription, filters, refused);
    const retainHandling = subscription.rh ?? 0;
    if (refusal !== undefined) {
      const code = version === 5 ? refusal.code : REASON.unspecified; // 3.1.1 knows no other failure than 0x80
      return { filter: subscription.topic, code, fault: refusal.fault, retainHandling };
    }
    filters.add(subscription.topic);
    const qos = subscription.qos === 0 ? 0 : 1;
    return {
      filter: subscription.topic,
      code: qos,
      subscription: { qos, noLocal: subscription.nl ?? false, retainAsPublished: subscription.rap ?? false },
      retainHandling,
    };
  });
}

function refusalOf(
  { topic, nl }: ISubscription,
  filters: Set<string>,
  refused: (filter: string) => string | undefined,
): { code: number; fault: string } | undefined {
  const fault = filterFault(topic);
  if (fault !== undefined) return { code: REASON.topicFilterInvalid, fault };
  if (nl === true && sharedFilter(topic) !== undefined) {
    throw new MqttError(REASON.protocolError, "a shared subscription with No Local"); // [MQTT-3.8.3-4]
  }
  if (filters.size >= SUBSCRIPTIONS_PER_CONNECTION_MAX && !filters.has(topic)) {
    const limit = `a connection has at most ${SUBSCRIPTIONS_PER_CONNECTION_MAX} subscriptions`;
    return { code: REASON.quotaExceeded, fault: limit };
  }
  const notAllowed = refused(topic);
  return notAllowed === undefined ? undefined : { code: REASON.notAuthorized, fault: notAllowed };
}
