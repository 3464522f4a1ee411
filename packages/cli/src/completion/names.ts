import type { Iot } from "../aws/iot.js";
import type { Host } from "../host.js";
import { readSettings } from "../settings/settings.js";
import { cachePath, readFresh, writeFresh } from "./cache.js";
import type { Candidate, Completion, NameKind } from "./complete.js";

/** Longer nobody waits for a completion. */
const ANSWER_LIMIT_MS = 1_000;
/** Four pages; a longer list is no help. */
const NAMES_MAX = 1_000;

/** Names from a cache of a minute, else from the account, for as long as that answers at once. */
export async function namesOf(
  kind: NameKind,
  options: Completion["options"],
  host: Pick<Host, "env" | "cwd" | "homeDir" | "signal">,
): Promise<Candidate[]> {
  const settings = await readSettings(globalOptions(options), host);
  if (kind === "rollouts") {
    return Object.keys(settings.file.rollouts ?? {}).map((value) => ({ value, description: "" }));
  }
  // Nobody can be shown where the request goes before it is sent.
  if (settings.foreignEndpoint !== undefined) return [];
  const { profile, region, iotEndpoint, local } = settings;
  const key = [kind, profile, host.env["AWS_ACCESS_KEY_ID"], region, iotEndpoint, local];
  const path = cachePath(host, key);
  const kept = await readFresh(path, Date.now());
  if (kept !== undefined) return kept;
  const signal = AbortSignal.any([host.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  const [{ accessTo }, { openIot }] = await Promise.all([
    import("../aws/access.js"),
    import("../aws/iot.js"),
  ]);
  const iot = openIot(await accessTo(settings, { ...host, signal }), signal);
  try {
    const names = await untilAborted(signal, fetchNames(kind, iot));
    await writeFresh(path, names).catch(() => undefined); // without a cache each asks anew
    return names;
  } finally {
    iot.close();
  }
}

/** Credentials are looked for without a signal. */
function untilAborted<T>(signal: AbortSignal, task: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([task, aborted]);
}

async function fetchNames(kind: Exclude<NameKind, "rollouts">, iot: Iot): Promise<Candidate[]> {
  const [{ listJobs }, { listThingNames, listThingGroupNames }] = await Promise.all([
    import("../aws/jobs.js"),
    import("../aws/names.js"),
  ]);
  switch (kind) {
    case "jobs":
      return await first(listJobs(iot), ({ jobId, status }) => ({ value: jobId, description: status }));
    case "things":
      return await first(listThingNames(iot), thing);
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

/** Of the options on the line those that say which account it is. */
function globalOptions({
  profile,
  region,
  "endpoint-url": endpointUrl,
  local,
  config,
}: Completion["options"]) {
  return {
    ...(typeof profile === "string" && { profile }),
    ...(typeof region === "string" && { region }),
    ...(typeof endpointUrl === "string" && { endpointUrl }),
    ...(local === true && { local }),
    ...(typeof config === "string" && { config }),
  };
}
