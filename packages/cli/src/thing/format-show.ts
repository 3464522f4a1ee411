import { formatAgo, formatTime } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import { formatWrappedRows } from "../terminal/wrap.js";
import type { ShownThing } from "./result.js";

export function formatThing(
  thing: ShownThing,
  { paint, columns }: Pick<Output, "paint" | "columns">,
  now: Date,
): string {
  const ago = (iso: string) => formatAgo(new Date(iso), now);
  const attributes = Object.entries(thing.attributes).map(([name, value]) => `${name}=${value}`);
  const { firmware } = thing;
  const rows: (readonly [string, string])[] = [
    ["arn", thing.thingArn],
    ...(thing.type === undefined ? [] : [["type", thing.type] as const]),
    ...listed("attributes", attributes),
    ...listed("groups", thing.groups),
    ...(thing.certificates.length === 0 ? [["certificate", "none: no device can connect"] as const] : []),
    ...thing.certificates.map((each) => ["certificate", certificateText(each)] as const),
    ...listed("other identities", thing.otherPrincipals),
    ...listed(
      "pending jobs",
      thing.pendingJobs.map(({ jobId, status }) => `${jobId} (${status})`),
    ),
    [
      "firmware",
      firmware === undefined
        ? "not reported yet"
        : `${firmware.running}${firmware.reportedAt === undefined ? "" : `, reported ${ago(firmware.reportedAt)}`} with job ${firmware.jobId}`,
    ],
  ];
  const head = [paint("bold", thing.thingName), connectionText(thing, ago)].filter((part) => part !== "");
  return [head.join("  "), formatWrappedRows(rows, (label) => paint("dim", label), columns)].join("\n");

  function connectionText({ connectivity }: ShownThing, ago: (iso: string) => string): string {
    if (connectivity === undefined) return "";
    const { connected, since, disconnectReason } = connectivity;
    const time = since === undefined ? "" : `, ${ago(since)}`;
    if (connected) return `${paint("green", "connected")}${time}`;
    if (since === undefined) return paint("yellow", "never connected");
    return `${paint("yellow", "disconnected")}${time}${disconnectReason === undefined ? "" : ` (${disconnectReason})`}`;
  }
}

function certificateText({ id, status, expiresAt, policies }: ShownThing["certificates"][number]): string {
  const expiry = expiresAt === undefined ? [] : [`expires ${formatTime(expiresAt)}`];
  const held = policies.length === 0 ? "no policy" : `policy ${policies.join(", ")}`;
  return [`${id} ${status}`, ...expiry, held].join("; ");
}

function listed(label: string, values: readonly string[]): (readonly [string, string])[] {
  return values.length === 0 ? [] : [[label, values.join(", ")]];
}
