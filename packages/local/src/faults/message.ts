import { matchesTopic } from "../topics.js";
import type { FaultOf } from "./fault.js";
import type { FaultSource } from "./faults.js";

/** An MQTT message on one client's connection. */
export interface PassingMessage {
  direction: "fromClient" | "toClient";
  clientId: string;
  topic: string;
}

const KINDS = ["dropMessage", "delayMessage", "doubleMessage", "disconnectClient"] as const;

/** The fault that strikes this message; most often there is none. */
export function strikeMessage(
  source: FaultSource,
  { direction, clientId, topic }: PassingMessage,
): FaultOf<(typeof KINDS)[number]> | undefined {
  return source.strike(
    KINDS,
    (fault) =>
      (fault.direction ?? direction) === direction &&
      (fault.clientId ?? clientId) === clientId &&
      (fault.topic === "#" || matchesTopic(fault.topic, topic)),
  )?.fault;
}
