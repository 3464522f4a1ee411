import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import { strikeMessage } from "../faults/message.js";

export interface PassingOptions {
  faults: FaultSource;
  clock: Clock;
  clientId: string;
  isOpen: () => boolean;
  /** Ends the connection as a broken link does. */
  breakOff: () => void;
}

/**
 * Lets a message of one connection pass, or does to it what the fault says that strikes it. `isRepeat`: the message has
 * passed once already.
 */
export type MessageFaults = (
  direction: "fromClient" | "toClient",
  topic: string,
  pass: (isRepeat: boolean) => void,
) => void;

export function applyMessageFaults({
  faults,
  clock,
  clientId,
  isOpen,
  breakOff,
}: PassingOptions): MessageFaults {
  return (direction, topic, pass) => {
    const fault = strikeMessage(faults, { direction, clientId, topic });
    switch (fault?.kind) {
      case undefined:
        pass(false);
        return;
      case "dropMessage":
        return;
      case "delayMessage":
        clock.after(fault.delayMs, () => {
          if (isOpen()) pass(false);
        });
        return;
      case "doubleMessage":
        pass(false);
        pass(true);
        return;
      case "disconnectClient":
        breakOff();
    }
  };
}
