import type { FotaError } from "@fota/shared";
import type { Command } from "commander";
import type { Host } from "./host.js";
import { type GlobalOptions, readSettings, type Settings } from "./settings/settings.js";
import { readVariable } from "./settings/stray-character.js";
import { createOutput, type Output } from "./terminal/output.js";

/** Holds what the global options and the environment resolve to. */
export interface Context {
  host: Host;
  output: Output;
  settings: Settings;
}

/** Creates the context of a command. With `onConfigFault`, a wrong settings file is reported to it and then ignored. */
export type ContextOf = (command: Command, onConfigFault?: (fault: FotaError) => void) => Promise<Context>;

export function contextOn(host: Host): ContextOf {
  return async (command, onConfigFault) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { json = false, quiet = false, color, debug = isDebugOn(host.env) } = options;
    const globals = globalWords(options);
    const output = createOutput(host, { json, quiet, color, debug, globals });
    const settings = await readSettings(options, host, onConfigFault);
    for (const warning of settings.warnings) output.warn(warning);
    return { host, output, settings };
  };
}

function isDebugOn(env: Host["env"]): boolean {
  return !/^(|0|false|no)$/i.test(readVariable(env, "FOTA_DEBUG") ?? "");
}

/**
 * Shows an endpoint of the settings file: a file from a clone or a colleague must not silently send images and
 * credentials elsewhere.
 */
export function showForeignEndpoint(
  { foreignEndpoint, filePath }: Pick<Settings, "foreignEndpoint" | "filePath">,
  output: Pick<Output, "warn">,
): void {
  if (foreignEndpoint === undefined) return;
  output.warn(`requests go to ${foreignEndpoint}, because ${filePath} sets it`);
}

/** Returns the note about the stand-in that --local found. */
export function standInNote(endpoint: string | undefined): string {
  return `using \`fota local\` at ${endpoint}`;
}

/** Returns the global options that select the account, as words of a command line. */
export function globalWords({
  profile,
  region,
  endpointUrl,
  config,
  local,
}: Omit<GlobalOptions, "color">): string[] {
  const valued = {
    "--profile": profile,
    "--region": region,
    "--endpoint-url": endpointUrl,
    "--config": config,
  };
  const words = Object.entries(valued).flatMap(([option, value]) =>
    value === undefined ? [] : [option, value],
  );
  return local === true ? [...words, "--local"] : words;
}
