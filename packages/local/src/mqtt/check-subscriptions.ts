import type { ISubscribePacket, ISubscription } from "mqtt-packet";
import { sharedFilter, subscriptionFault } from "../topics.js";
import { MqttError, REASON } from "./errors.js";
import { FILTERS_PER_SUBSCRIBE_MAX, SUBSCRIPTIONS_PER_CONNECTION_MAX } from "./limits.js";
import type { Subscription } from "./session.js";

/** The decision about one topic filter of a SUBSCRIBE. */
export interface SubscriptionRequest {
  filter: string;
  /** Its reason code in the SUBACK; below 0x80, the granted QoS. */
  code: number;
  /** Absent if the subscription is refused; `fault` says why. */
  subscription?: Subscription;
  fault?: string;
  /** Whether retained messages are sent: 0 always, 1 only for a new subscription, 2 never. */
  retainHandling: number;
}

/**
 * Checks each topic filter of a SUBSCRIBE, considering the `existing` subscriptions. Returns `undefined` if the packet
 * gets no answer: AWS IoT ignores an MQTT 3.1.1 client that requests QoS 2. `denialOf` returns why the client's policies
 * do not allow a filter.
 *
 * @throws {MqttError} for too many filters, and for QoS 2 or a subscription identifier with MQTT 5
 */
export function checkSubscriptions(
  packet: ISubscribePacket,
  version: 4 | 5,
  existing: ReadonlyMap<string, Subscription>,
  denialOf: (filter: string) => string | undefined,
): SubscriptionRequest[] | undefined {
  const asked = packet.subscriptions.length;
  if (asked === 0) throw new MqttError(REASON.protocolError, "a SUBSCRIBE without topic filters"); // [MQTT-3.8.3-2]
  if (asked > FILTERS_PER_SUBSCRIBE_MAX) {
    const limit = `at most ${FILTERS_PER_SUBSCRIBE_MAX} are allowed`;
    throw new MqttError(REASON.quotaExceeded, `a SUBSCRIBE has ${asked} topic filters, ${limit}`);
  }
  if (packet.properties?.subscriptionIdentifier !== undefined) {
    const message = "subscription identifiers are not supported, as the CONNACK says";
    throw new MqttError(REASON.subscriptionIdentifiersNotSupported, message);
  }
  if (packet.subscriptions.some(({ qos }) => qos === 2)) {
    if (version === 4) return undefined;
    throw new MqttError(REASON.qosNotSupported, "a SUBSCRIBE with QoS 2");
  }
  const filters = new Set(existing.keys());
  return packet.subscriptions.map((subscription) => {
    const refusal = checkFilter(subscription, filters, denialOf);
    const retainHandling = subscription.rh ?? 0;
    if (refusal !== undefined) {
      const code = version === 5 ? refusal.code : REASON.unspecified; // 3.1.1 has 0x80 as its only failure code
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

function checkFilter(
  { topic, nl }: ISubscription,
  filters: Set<string>,
  denialOf: (filter: string) => string | undefined,
): { code: number; fault: string } | undefined {
  const fault = subscriptionFault(topic);
  if (fault !== undefined) return { code: REASON.topicFilterInvalid, fault };
  if (nl === true && sharedFilter(topic) !== undefined) {
    throw new MqttError(REASON.protocolError, "a shared subscription with No Local"); // [MQTT-3.8.3-4]
  }
  if (filters.size >= SUBSCRIPTIONS_PER_CONNECTION_MAX && !filters.has(topic)) {
    const limit = `a connection has at most ${SUBSCRIPTIONS_PER_CONNECTION_MAX} subscriptions`;
    return { code: REASON.quotaExceeded, fault: limit };
  }
  const notAllowed = denialOf(topic);
  return notAllowed === undefined ? undefined : { code: REASON.notAuthorized, fault: notAllowed };
}
