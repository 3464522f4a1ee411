import { PassThrough } from "node:stream";
import type { Context } from "../context.js";
import { homeFolder } from "../home-folder.js";
import type { Host } from "../host.js";
import { readSettings } from "../settings/settings.js";
import { createOutput, type Output } from "../terminal/output.js";
import { checkOptions, checkSignal } from "./check-arguments.js";

/** Says how to reach AWS and where settings come from, like the global options of the command line. */
export interface AccessOptions {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  /** Uses the running `fota local`. */
  local?: boolean;
  /** The path of the settings file; without it, `fota.config.json` is searched for from `cwd` upward. */
  config?: string;
  /** The base of relative paths. @default the working directory of this process */
  cwd?: string;
  /** Aborts the call; what was uploaded stays for the next run. */
  signal?: AbortSignal;
  /** Receives warnings. */
  onWarning?(text: string): void;
}

/**
 * Opens the context of a command for a program: it asks nothing and prints nothing.
 * @throws {FotaError} USAGE, CONFIG_INVALID, ENDPOINT_INVALID
 */
export async function openContext(options: AccessOptions): Promise<Context> {
  checkOptions(options);
  checkSignal(options.signal);
  const { cwd = process.cwd(), signal = new AbortController().signal, onWarning } = options;
  const nowhere = new PassThrough().resume();
  const host: Host = {
    env: process.env,
    cwd,
    homeDir: homeFolder(),
    stdin: new PassThrough(),
    stdout: nowhere,
    stderr: nowhere,
    signal,
  };
  const settings = await readSettings(options, host);
  for (const warning of settings.warnings) onWarning?.(warning);
  const silent = createOutput(host, { json: true, quiet: true, debug: false, color: false, globals: [] });
  return { host, settings, output: { ...silent, warn: (text) => onWarning?.(text) } };
}

/** Runs the work of a command and returns what it would print with `--json`. */
export async function resultOf<T>(
  options: AccessOptions,
  work: (context: Context) => Promise<unknown>,
): Promise<T> {
  const context = await openContext(options);
  let found: unknown;
  const output: Output = {
    ...context.output,
    result: (data) => {
      found = data;
    },
  };
  await work({ ...context, output });
  return found as T;
}
