import type { UpdateReport } from "@fota/shared";
import type { Host } from "./host.js";

/** Shows the progress of an install in one line of a terminal; nothing elsewhere. `end` removes the line. */
export function progressLine(host: Host): { show: (report: UpdateReport) => void; end: () => void } {
  let shown = "";
  const draw = (text: string) => {
    if (text === shown) return;
    host.redraw?.(text.padEnd(shown.length));
    if (text === "") host.redraw?.("");
    shown = text;
  };
  return {
    show({ phase, bytes, totalBytes }) {
      if (phase === "downloading" && bytes !== undefined && totalBytes) {
        draw(`writing ${Math.floor((bytes / totalBytes) * 100)} %`);
      }
    },
    end: () => draw(""),
  };
}
