import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import { triggerMessageFault } from "../faults/message.js";

/** A connection whose messages may meet faults. */
export interface FaultyConnection {
  readonly faults: FaultSource;
  readonly clock: Clock;
  readonly clientId: string;
  isOpen(): boolean;
  /** Ends the connection without a DISCONNECT. */
  breakConnection(): void;
}

/**
 * Delivers a message of one connection, or applies the fault that it triggers. `isRepeat` is true for the second delivery
 * of a doubled message.
 */
export function applyMessageFaults(
  connection: FaultyConnection,
  direction: "fromClient" | "toClient",
  topic: string,
  deliver: (isRepeat: boolean) => void,
): void {
  const { faults, clock, clientId } = connection;
  const fault = triggerMessageFault(faults, { direction, clientId, topic });
  switch (fault?.kind) {
    case undefined:
      deliver(false);
      return;
    case "dropMessage":
      return;
    case "delayMessage":
      clock.after(fault.delayMs, () => {
        if (connection.isOpen()) deliver(false);
      });
      return;
    case "doubleMessage":
      deliver(false);
      deliver(true);
      return;
    case "disconnectClient":
      connection.breakConnection();
  }
}
