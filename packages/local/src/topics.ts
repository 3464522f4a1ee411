/** Topics and topic filters by the rules of AWS IoT, which are stricter than the MQTT specification's. */
import { MQTT_TOPIC_MAX_BYTES } from "@fota/shared";

/** In a topic or a filter. Source: AWS General Reference, "AWS IoT Core endpoints and quotas". */
const TOPIC_SLASHES_MAX = 7;

const BASIC_INGEST = "$aws/rules/";

/** Returns why a topic is not valid for a publish, as one clause; `undefined` if it is valid. */
export function topicFault(topic: string): string | undefined {
  if (/[+#]/.test(topic)) return "a topic for a publish must not contain wildcards"; // [MQTT-3.3.2-2]
  return lengthFault(topic);
}

/**
 * Returns the rule name of a Basic Ingest topic, `$aws/rules/<rule>` with or without more levels; `undefined` for any
 * other topic, and for one whose rule name is not valid. Sources: AWS IoT Developer Guide, "Reducing messaging costs with
 * Basic Ingest"; API model iot 2015-05-28, RuleName.
 */
export function basicIngestRule(topic: string): string | undefined {
  if (!topic.startsWith(BASIC_INGEST)) return undefined;
  return /^([A-Za-z0-9_]{1,128})(?:\/|$)/.exec(topic.slice(BASIC_INGEST.length))?.[1];
}

/** Returns why no client can subscribe to a topic filter, as one clause; `undefined` if clients can. */
export function subscriptionFault(text: string): string | undefined {
  const filter = sharedFilter(text)?.filter ?? text;
  if (filter.startsWith(BASIC_INGEST)) return "no client can subscribe to Basic Ingest topics";
  return filterFault(text);
}

/** Returns why a topic filter is not valid, as one clause; `undefined` if it is valid. */
export function filterFault(text: string): string | undefined {
  const shared = sharedFilter(text);
  if (shared === undefined && text.startsWith("$share/")) {
    return "a shared subscription must be $share/<name>/<filter>"; // [MQTT-4.8.2-1 and 2]
  }
  const filter = shared?.filter ?? text;
  const levels = filter.split("/");
  const misplaced = levels.some(
    (level, index) =>
      (level.includes("+") && level !== "+") || // [MQTT-4.7.1-3]
      (level.includes("#") && (level !== "#" || index !== levels.length - 1)), // [MQTT-4.7.1-2]
  );
  if (misplaced) return "a wildcard must be a whole level, and # the last level";
  return lengthFault(filter);
}

/** Parses `$share/<name>/<filter>`; returns `undefined` for a filter that is not shared, or malformed. */
export function sharedFilter(filter: string): { name: string; filter: string } | undefined {
  const [, name, shared] = /^\$share\/([^/+#]+)\/(.+)$/su.exec(filter) ?? [];
  return name === undefined || shared === undefined ? undefined : { name, filter: shared };
}

/**
 * Returns whether `filter` matches `topic`. A wildcard at the first level matches no topic that begins with `$`
 * [MQTT-4.7.2-1]. `a/#` does not match `a`: here AWS IoT differs from the specification.
 */
export function matchesTopic(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const levels = topic.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return levels.length > index;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

function lengthFault(text: string): string | undefined {
  if (text === "") return "it is empty"; // [MQTT-4.7.3-1]
  if (text.includes("\u0000")) return "it contains a null character"; // [MQTT-4.7.3-2]
  const counted = withoutRule(text);
  const sizeBytes = Buffer.byteLength(counted);
  if (sizeBytes > MQTT_TOPIC_MAX_BYTES)
    return `it has ${sizeBytes} bytes, at most ${MQTT_TOPIC_MAX_BYTES} are allowed`;
  const slashes = counted.split("/").length - 1;
  if (slashes > TOPIC_SLASHES_MAX)
    return `it has ${slashes} slashes, at most ${TOPIC_SLASHES_MAX} are allowed`;
  return undefined;
}

/** Returns what the limits count: all but the prefix `$aws/rules/<rule>/`. Source: as for `TOPIC_SLASHES_MAX`. */
function withoutRule(topic: string): string {
  const rule = basicIngestRule(topic);
  return rule === undefined ? topic : topic.slice(BASIC_INGEST.length + rule.length + 1);
}
