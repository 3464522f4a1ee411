import { accessTo } from "../aws/access.js";
import { type Iot, openIot } from "../aws/iot.js";
import { listJobs } from "../aws/jobs.js";
import { listThingGroupNames, listThingNames } from "../aws/names.js";
import type { Host } from "../host.js";
import type { Settings } from "../settings/settings.js";
import type { Candidate, NameKind } from "./complete.js";

/** Limits a list to four pages; a longer one does not help. */
const NAMES_MAX = 1_000;

/** Names the kinds of names in the account; the presets of rollouts are in the settings file. */
type AccountNameKind = Exclude<NameKind, "rollouts">;

/** Asks the account for names until `host.signal` aborts; then rejects with the signal's reason. */
export async function askForNames(
  kind: AccountNameKind,
  settings: Settings,
  host: Pick<Host, "env" | "cwd" | "homeDir" | "signal">,
): Promise<Candidate[]> {
  const iot = openIot(await accessTo(settings, host), host.signal);
  try {
    return await untilAborted(host.signal, fetchNames(kind, iot));
  } finally {
    iot.close();
  }
}

/** Stops waiting when the signal aborts: the search for credentials takes no signal. */
function untilAborted<T>(signal: AbortSignal, task: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([task, aborted]);
}

async function fetchNames(kind: AccountNameKind, iot: Iot): Promise<Candidate[]> {
  switch (kind) {
    case "jobs":
      return await first(listJobs(iot), ({ jobId, status }) => ({ value: jobId, description: status }));
    case "things":
      return await first(listThingNames(iot), thing);
    case "groups":
      return await first(listThingGroupNames(iot), (value) => ({ value, description: "thing group" }));
    case "targets": {
      const group = (name: string) => ({ value: `group:${name}`, description: "thing group" });
      const [groups, things] = await Promise.all([
        first(listThingGroupNames(iot), group),
        first(listThingNames(iot), thing),
      ]);
      return [...groups, ...things];
    }
  }
}

function thing(value: string): Candidate {
  return { value, description: "thing" };
}

async function first<T>(list: AsyncIterable<T>, candidate: (item: T) => Candidate): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for await (const item of list) {
    found.push(candidate(item));
    if (found.length === NAMES_MAX) break;
  }
  return found;
}
