import { given } from "../given.js";
import { nonEmpty, type SettingSources } from "../settings/settings.js";

/**
 * Holds what a suggested `fota publish` must name because no setting does: values, or placeholders that the reader
 * replaces.
 */
export interface PublishNeeds {
  bucket?: string;
  slot?: string;
  /** The image arguments; absent for a single image that `slot` or a setting places. */
  images?: readonly string[];
}

/** Returns placeholders for what neither the settings file nor the environment names. */
export function publishNeeds({ file, env }: SettingSources): PublishNeeds {
  const bucket = nonEmpty(env["FOTA_BUCKET"]) ?? file.bucket;
  return given({
    bucket: bucket === undefined ? "<bucket>" : undefined,
    slot: file.slot === undefined && file.slots === undefined ? "<0|1|any>" : undefined,
  });
}

/**
 * Returns the words of a `fota publish` that runs when it is pasted and its placeholders are replaced.
 * @param options replace the needs: an option `--slot` is for a single image
 */
export function publishCommand(
  targets: readonly string[],
  { bucket, slot, images = ["<image>"] }: PublishNeeds,
  options: Readonly<Record<string, string>> = {},
): string[] {
  const all = { ...given({ "--bucket": bucket, "--slot": slot }), ...options };
  const args = options["--slot"] === undefined ? images : ["<image>"];
  return ["publish", ...args, ...Object.entries(all).flat(), ...targets.flatMap((to) => ["--to", to])];
}
