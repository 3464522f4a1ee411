import { printable } from "@fota/shared";
import type { Live, Status } from "./result.js";

/** Returns the status as aligned lines. */
export function formatStatus(status: Status): string {
  const { thing, model, version, slot, boot, nextSlot, last, daemon } = status;
  const running = {
    confirmed: `${slot}, confirmed`,
    trial: `${slot}, on trial: slot ${status.workingSlot} boots next unless it is confirmed`,
    "restart-due": `${slot}; slot ${nextSlot} boots next`,
  }[boot];
  const rows: [string, string][] = [
    ["thing", model === null ? thing : `${thing} (${model})`],
    ["version", version ?? "unknown"],
    ["slot", running],
    ["update", updateOf(status)],
    ["last", last === null ? "none" : lastOf(last)],
    ["daemon", daemon === null ? "not running" : linkOf(daemon)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(8)} ${printable(text)}\n`).join("");
}

function updateOf({ phase, jobId, targetVersion, daemon }: Status): string {
  if (phase === "idle") return "none";
  const { percent, bytes, totalBytes, detail } = daemon?.progress ?? {};
  const share =
    percent ?? (bytes !== undefined && totalBytes ? Math.floor((bytes / totalBytes) * 100) : undefined);
  return [
    phase,
    share === undefined || phase !== "downloading" ? "" : ` ${share} %`,
    targetVersion === null ? "" : `, version ${targetVersion}`,
    jobId === null ? "" : `, job ${jobId}`,
    daemon?.waitingSeconds ? `; continues in ${daemon.waitingSeconds} s` : "",
    detail === undefined ? "" : `: ${detail}`,
  ].join("");
}

function lastOf({ status, jobId, version, reason, detail, at }: NonNullable<Status["last"]>): string {
  const why = [reason, detail].filter((part) => part !== null).join(": ");
  const what = [
    jobId === null ? "installed by hand" : `job ${jobId}`,
    version === null ? "" : `version ${version}`,
  ];
  return `${status}${why === "" ? "" : `, ${why}`} (${[...what.filter(Boolean), at].join(", ")})`;
}

function linkOf({ link, problem }: Live): string {
  const text = link === "opening" ? "waiting for the slots" : link;
  return problem === null ? text : `${text}: ${problem}`;
}
