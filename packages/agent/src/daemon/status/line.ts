import type { Live } from "./result.js";

/** Returns what the daemon does in one line, for `systemctl status`. */
export function formatLive({ link, problem, progress, waitingSeconds }: Live): string {
  const connection = {
    opening: "waiting for the slots",
    connecting: "connecting to the broker",
    connected: "connected to the broker",
    disconnected: "disconnected from the broker",
  }[link];
  const where = problem === null ? connection : `${connection}: ${problem}`;
  if (progress === null) return link === "connected" ? `${where}, no update in progress` : where;
  const { phase = "starting", percent, detail } = progress;
  const share = percent === undefined || phase !== "downloading" ? "" : ` ${percent} %`;
  const wait = waitingSeconds ? `, continues within ${waitingSeconds} s` : "";
  const why = detail === undefined ? "" : `: ${detail}`;
  return `update ${phase}${share}${wait}${why}${link === "connected" ? "" : ` (${where})`}`;
}
