import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import { triggerMessageFault } from "../faults/message.js";

export interface MessageFaultOptions {
  faults: FaultSource;
  clock: Clock;
  clientId: string;
  isOpen: () => boolean;
  /** Ends the connection without a DISCONNECT. */
  breakConnection: () => void;
}

/**
 * Delivers a message of one connection, or applies the fault that it triggers. `isRepeat` is true for the second delivery
 * of a doubled message.
 */
export type ApplyMessageFaults = (
  direction: "fromClient" | "toClient",
  topic: string,
  deliver: (isRepeat: boolean) => void,
) => void;

export function createMessageFaults({
  faults,
  clock,
  clientId,
  isOpen,
  breakConnection,
}: MessageFaultOptions): ApplyMessageFaults {
  return (direction, topic, deliver) => {
    const fault = triggerMessageFault(faults, { direction, clientId, topic });
    switch (fault?.kind) {
      case undefined:
        deliver(false);
        return;
      case "dropMessage":
        return;
      case "delayMessage":
        clock.after(fault.delayMs, () => {
          if (isOpen()) deliver(false);
        });
        return;
      case "doubleMessage":
        deliver(false);
        deliver(true);
        return;
      case "disconnectClient":
        breakConnection();
    }
  };
}
