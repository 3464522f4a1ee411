import type { FotaError } from "@fota/shared";
import type { Command } from "commander";
import type { Host } from "./host.js";
import { type GlobalOptions, readSettings, type Settings } from "./settings/settings.js";
import { readVariable } from "./settings/stray-character.js";
import { createOutput, type Output } from "./terminal/output.js";

/** What the global options and the environment come to. */
export interface Context {
  host: Host;
  output: Output;
  settings: Settings;
}

/** With `onConfigFault` a settings file that is wrong is told to it, and counts as none. */
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

/** A file that came with a clone, or from a colleague, must not send images and credentials elsewhere unseen. */
export function showForeignEndpoint(
  { foreignEndpoint, filePath }: Pick<Settings, "foreignEndpoint" | "filePath">,
  output: Pick<Output, "warn">,
): void {
  if (foreignEndpoint === undefined) return;
  output.warn(`requests go to ${foreignEndpoint}, because ${filePath} sets it`);
}

/** What --local came to, for people. */
export function standInNote(endpoint: string | undefined): string {
  return `using \`fota local\` at ${endpoint}`;
}

/** The global options that say where the account is, as words of a command line. */
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
