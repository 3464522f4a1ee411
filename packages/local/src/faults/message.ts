import { matchesTopic } from "../topics.js";
import type { FaultOf } from "./fault.js";
import type { FaultSource } from "./faults.js";

/** An MQTT message on one client's connection. */
export interface MessageInTransit {
  direction: "fromClient" | "toClient";
  clientId: string;
  topic: string;
}

const KINDS = ["dropMessage", "delayMessage", "doubleMessage", "disconnectClient"] as const;

/** Returns the fault to apply to this message; usually `undefined`. */
export function triggerMessageFault(
  source: FaultSource,
  { direction, clientId, topic }: MessageInTransit,
): FaultOf<(typeof KINDS)[number]> | undefined {
  return source.trigger(
    KINDS,
    (fault) =>
      (fault.direction ?? direction) === direction &&
      (fault.clientId ?? clientId) === clientId &&
      (fault.topic === "#" || matchesTopic(fault.topic, topic)),
  )?.fault;
}
