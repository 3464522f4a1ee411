import { oneLine } from "../format.js";
import type { Paint } from "../paint.js";
import type { DeviceEvent } from "./virtual-device.js";

/**
 * Turns the events of a device into lines for people: one a phase, and none for what says nothing new. Keeps the phase
 * shown last; one for each device.
 */
export function eventFormatter(thing: string, paint: Paint): (event: DeviceEvent) => string | undefined {
  const name = paint("bold", thing);
  let phase: string | undefined;
  const lineOf = (event: DeviceEvent): string | undefined => {
    switch (event.event) {
      case "booted":
        phase = undefined;
        return `${name}  runs slot ${event.slot}${event.trial ? paint("yellow", " on trial") : ""}`;
      case "wentBack":
        return `${name}  ${paint("red", `slot ${event.slot} ${event.why} on trial`)}, back to the other one`;
      case "connected":
        return `${name}  connected, waiting for jobs`;
      case "warning":
        return `${name}  ${paint("yellow", event.message)}`;
      case "progress": {
        if (event.reason !== undefined) {
          const cause = [event.reason, event.detail].filter((part) => part !== undefined).join(": ");
          return `${name}  ${paint("red", "FAILED")} ${cause}`;
        }
        if (event.phase === phase) return undefined;
        phase = event.phase;
        return phase === "done"
          ? `${name}  ${paint("green", "SUCCEEDED")} runs ${event.running ?? "the new image"}`
          : `${name}  ${phase ?? ""}`;
      }
    }
  };
  return (event) => {
    const line = lineOf(event);
    return line === undefined ? undefined : oneLine(line);
  };
}
