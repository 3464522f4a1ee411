/**
 * Limits of the AWS IoT message broker. Source: AWS General Reference, "AWS IoT Core endpoints and quotas", message
 * broker; AWS IoT Developer Guide, "MQTT". `@fota/shared` has the limits that devices must know too. The stand-in does
 * not limit rates (publishes per second, bytes per second, CONNECTs per client id).
 */

export const FILTERS_PER_SUBSCRIBE_MAX = 8;
export const SUBSCRIPTIONS_PER_CONNECTION_MAX = 50;
/** Bytes. */
export const CLIENT_ID_MAX_BYTES = 128;

/** Bytes of a whole packet: 146 KB, as AWS tells MQTT 5 clients. */
export const PACKET_MAX_BYTES = 149_504;
/** QoS 1 messages on their way and not acknowledged, in each direction. */
export const IN_FLIGHT_MAX = 100;
export const TOPIC_ALIAS_MAX = 8;

export const KEEP_ALIVE_MIN_SECONDS = 30;
export const KEEP_ALIVE_MAX_SECONDS = 1_200;

/** A session is kept for so long after its connection ended; AWS's default quota. */
export const SESSION_EXPIRY_MAX_SECONDS = 3_600;
/** Message Expiry Interval: seven days. */
export const MESSAGE_EXPIRY_MAX_SECONDS = 604_800;

/** Messages kept for a session; ours, AWS counts them for the account. Further ones are dropped, with a log line. */
export const SESSION_QUEUE_MAX = 1_000;
/** Bytes on their way to a client that does not read them. Ours; a client beyond it is disconnected. */
export const UNREAD_MAX_BYTES = 16 * 1024 * 1024;
/** Time from the connection to its CONNECT. Ours. */
export const CONNECT_TIMEOUT_MS = 30_000;
