import { commandLine } from "@fota/shared";
import type { Paint } from "../terminal/paint.js";
import { toJson } from "../terminal/text.js";
import type { Setup } from "./init.js";
import { imagesPolicy, trustPolicy } from "./policies.js";
import type { InitResult } from "./result.js";
import type { Config } from "./settings-file.js";

/** Formats what will be created and written, with the policies of a role to read first. */
export function formatPlan(
  { scope, makeBucket, role }: Setup,
  { path, config, before }: { path: string; config: Config; before: Config | undefined },
  paint: Paint,
): string {
  const indented = (value: object) => toJson(value, 2).replace(/^/gm, "  ");
  const bucket = makeBucket
    ? [
        `create bucket ${paint("bold", scope.bucket)} in ${scope.region}: public access blocked, versions kept`,
      ]
    : [];
  const roleText =
    role?.make === true
      ? [
          `create role ${paint("bold", role.name)}, which AWS IoT may assume:`,
          indented(trustPolicy(scope)),
          "and which may read the images:",
          indented(imagesPolicy(scope)),
        ]
      : [];
  const verb = before === undefined ? "write" : "change";
  const changes =
    before === undefined
      ? indented(config)
      : changedKeys(before, config)
          .map((line) => `  ${line}`)
          .join("\n");
  return [...bucket, ...roleText, `${verb} ${path}:`, changes].join("\n");
}

export function changedKeys(before: Config, after: Config): string[] {
  return Object.keys(after).flatMap((key) => {
    const [old, now] = [before[key], after[key]].map((value) =>
      value === undefined ? undefined : toJson(value),
    );
    if (old === now) return [];
    return [old === undefined ? `${key}: ${now}` : `${key}: ${old} -> ${now ?? "removed"}`];
  });
}

/**
 * Formats what was created and written. `configFlag` is the value of `--config`; the other global options are in the
 * file now, so the next command does not need them.
 */
export function formatResult(
  { path, made }: InitResult,
  configFlag: string | undefined,
  paint: Paint,
): string {
  const lines = [...made.map((what) => `created ${what}`), `wrote ${path}`];
  const doctor = commandLine(["doctor"], configFlag === undefined ? [] : ["--config", configFlag]);
  return [...lines, "", `next: ${paint("cyan", doctor)}`].join("\n");
}
