import { given } from "../given.js";
import type { Host } from "../host.js";
import { readSettings } from "../settings/settings.js";
import { wallClockMs } from "../wall-clock.js";
import { cachePath, readFresh, writeFresh } from "./cache.js";
import type { Candidate, Completion, NameKind } from "./complete.js";

/** Limits how long a completion may take. */
const ANSWER_LIMIT_MS = 1_000;

/** Returns names from a cache of one minute, else from the account if it answers in time. */
export async function namesOf(
  kind: NameKind,
  options: Completion["options"],
  host: Pick<Host, "env" | "cwd" | "homeDir" | "signal">,
): Promise<Candidate[]> {
  const settings = await readSettings(globalOptions(options), host);
  if (kind === "rollouts") {
    return Object.keys(settings.file.rollouts ?? {}).map((value) => ({ value, description: "" }));
  }
  // A completion cannot name a foreign endpoint before it sends a request there.
  if (settings.foreignEndpoint !== undefined) return [];
  const { profile, region, iotEndpoint, local } = settings;
  const key = [kind, profile, host.env["AWS_ACCESS_KEY_ID"], region, iotEndpoint, local];
  const path = cachePath(host, key);
  const kept = await readFresh(path, wallClockMs());
  if (kept !== undefined) return kept;
  const signal = AbortSignal.any([host.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  // Load the AWS SDK only if the cache has no names.
  const { askForNames } = await import("./ask-for-names.js");
  const names = await askForNames(kind, settings, { ...host, signal });
  await writeFresh(path, names).catch(() => undefined); // without a cache, each completion asks again
  return names;
}

/** Returns the options on the line that select the account. */
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
