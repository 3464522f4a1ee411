/**
 * Limits of the AWS IoT message broker. Source: AWS General Reference, "AWS IoT Core endpoints and quotas", message
 * broker; AWS IoT Developer Guide, "MQTT". `@fota/shared` has the limits that devices must know too. The stand-in does
 * not limit rates (publishes per second, bytes per second, CONNECTs per client id).
 */

export const FILTERS_PER_SUBSCRIBE_MAX = 8;
export const SUBSCRIPTIONS_PER_CONNECTION_MAX = 50;
export const CLIENT_ID_MAX_BYTES = 128;

/** Size of a whole packet: 146 KB, as AWS's CONNACK of MQTT 5 says. */
export const PACKET_MAX_BYTES = 149_504;
/** Unacknowledged QoS 1 messages, in each direction. */
export const IN_FLIGHT_MAX = 100;
export const TOPIC_ALIAS_MAX = 8;

export const KEEP_ALIVE_MIN_SECONDS = 30;
export const KEEP_ALIVE_MAX_SECONDS = 1_200;

/** Longest time that a session is stored after its connection has ended. AWS's default quota. */
export const SESSION_EXPIRY_MAX_SECONDS = 3_600;
/** Longest Message Expiry Interval: seven days. */
export const MESSAGE_EXPIRY_MAX_SECONDS = 604_800;

/**
 * Messages queued for a session; the stand-in drops further ones with a log line. AWS has a limit per account instead.
 */
export const SESSION_QUEUE_MAX = 1_000;
/** Bytes buffered for a client that does not read them; then it is disconnected. The stand-in's own limit. */
export const UNREAD_MAX_BYTES = 16 * 1024 * 1024;
/** Longest time from the connection to its CONNECT. The stand-in's own limit. */
export const CONNECT_TIMEOUT_MS = 30_000;
