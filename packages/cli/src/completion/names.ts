import { given } from "../given.js";
import type { Host } from "../host.js";
import { readSettings } from "../settings/settings.js";
import { cachePath, readFresh, writeFresh } from "./cache.js";
import type { Candidate, Completion, NameKind } from "./complete.js";

/** Longer nobody waits for a completion. */
const ANSWER_LIMIT_MS = 1_000;

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
  // The AWS SDK: only where the cache does not know.
  const { askForNames } = await import("./ask-for-names.js");
  const names = await askForNames(kind, settings, { ...host, signal });
  await writeFresh(path, names).catch(() => undefined); // without a cache each asks anew
  return names;
}

/** Of the options on the line those that say which account it is. */
function globalOptions({
  profile,
  region,
  "endpoint-url": endpointUrl,
  local,
  config,
}: Completion["options"]) {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return given({
    profile: text(profile),
    region: text(region),
    endpointUrl: text(endpointUrl),
    local: local === true ? true : undefined,
    config: text(config),
  });
}
