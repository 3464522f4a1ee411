import type { UpdateReport } from "@fota/shared";
import { causeName } from "../causes/cause-table.js";
import { formatBytes, oneLine } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";
import type { DeviceEvent } from "./virtual-device.js";

/**
 * Returns a function that formats the events of one device as lines: one per phase, one for each `stepPercent` of a
 * download, and none for events without news. Remembers what was shown last.
 */
export function eventFormatter(
  thing: string,
  paint: Paint,
  stepPercent: number,
): (event: DeviceEvent) => string | undefined {
  const name = paint("bold", thing);
  let phase: string | undefined;
  let shownPercent = 0;

  function downloadLine({ percent = 0, bytes = 0, totalBytes = 0 }: UpdateReport): string | undefined {
    if (percent < shownPercent + stepPercent || percent >= 100) return undefined;
    shownPercent = percent - (percent % stepPercent);
    return `${name}  downloading ${percent} % (${formatBytes(bytes)} of ${formatBytes(totalBytes)})`;
  }

  const lineOf = (event: DeviceEvent): string | undefined => {
    switch (event.event) {
      case "booted":
        phase = undefined;
        return `${name}  runs slot ${event.slot}${event.trial ? paint("yellow", " on trial") : ""}`;
      case "wentBack":
        return `${name}  ${paint("red", `slot ${event.slot} ${event.why} on trial`)}, back to the other one`;
      case "connected":
        return `${name}  connected, waiting for jobs`;
      case "disconnected":
        return `${name}  ${paint("yellow", "connection lost, retrying")}`;
      case "jobGone":
        phase = undefined;
        return `${name}  ${paint("yellow", "the job is gone: canceled, deleted or timed out")}, waiting for jobs`;
      case "warning":
        return `${name}  ${paint("yellow", event.message)}`;
      case "progress": {
        if (event.reason !== undefined) {
          const cause = [causeName(event.reason), event.detail]
            .filter((part) => part !== undefined)
            .join(": ");
          return `${name}  ${paint("red", "FAILED")} ${cause}`;
        }
        if (event.phase === "downloading" && event.phase === phase) return downloadLine(event);
        if (event.phase === phase) return undefined;
        phase = event.phase;
        shownPercent = 0;
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
