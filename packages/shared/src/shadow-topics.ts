/**
 * The reserved topics of device shadows, `$aws/things/<thingName>/shadow/...`, and of named ones,
 * `$aws/things/<thingName>/shadow/name/<shadowName>/...`. Source: AWS IoT Developer Guide, "Device Shadow MQTT topics". The
 * topic of an answer is that of the request plus `/accepted` or `/rejected`.
 */

/** Names a shadow. */
export interface ShadowId {
  thingName: string;
  /** Absent for the classic shadow, which has no name. */
  shadowName?: string | undefined;
}

/** A request to the shadow service. */
export type ShadowOperation = "get" | "update" | "delete";

/** Returns the topic of a request. The topics of all messages about a shadow begin with that of a request. */
export function shadowTopic({ thingName, shadowName }: ShadowId, operation: ShadowOperation): string {
  const shadow = shadowName === undefined ? "shadow" : `shadow/name/${shadowName}`;
  return `$aws/things/${thingName}/${shadow}/${operation}`;
}

/** Parses a topic. Returns `undefined` if it is not that of a request to the shadow service. */
export function matchShadowTopic(topic: string): { id: ShadowId; operation: ShadowOperation } | undefined {
  const [, thingName, shadowName, operation] =
    /^\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?\/(get|update|delete)$/.exec(topic) ?? [];
  if (thingName === undefined || operation === undefined) return undefined;
  const id = shadowName === undefined ? { thingName } : { thingName, shadowName };
  return { id, operation: operation as ShadowOperation };
}
