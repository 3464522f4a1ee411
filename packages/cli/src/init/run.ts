import { resolve } from "node:path";
import type { FotaError } from "@fota/shared";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { given } from "../given.js";
import { CONFIG_FILE } from "../settings/config-file.js";
import { readVariable } from "../settings/stray-character.js";
import { askFirst } from "../terminal/ask-first.js";
import { changedKeys, formatPlan, formatResult } from "./format.js";
import { type InitOptions, make, resolveSetup, type Setup } from "./init.js";
import { printTemplate } from "./print-template.js";
import type { InitResult } from "./result.js";
import { checkOwn, readConfig, schemaReference, writeConfig } from "./settings-file.js";

/** Runs `fota init`. @throws {FotaError} USAGE, DECLINED and errors of files or AWS */
export async function runInit(
  context: Context,
  command: Command,
  options: InitOptions,
  configFault: FotaError | undefined,
): Promise<ExitCode> {
  const { host, output } = context;
  if (options.print !== undefined) {
    printTemplate(context, options, options.print);
    return EXIT.done;
  }
  const global = command.optsWithGlobals<{ config?: string; profile?: string; endpointUrl?: string }>();
  const named = global.config ?? readVariable(host.env, "FOTA_CONFIG");
  const path = resolve(host.cwd, named ?? CONFIG_FILE);
  const before = await readConfig(path);
  if (before !== undefined && named === undefined) await checkOwn(path, host.env);
  if (configFault !== undefined && before !== undefined) {
    output.warn(`${configFault.message}: init keeps that setting and does not check it`);
  }
  const setup = await resolveSetup(context, options);
  for (const warning of setup.warnings) output.warn(warning);
  const own = before?.["$schema"];
  const { reference, copy } =
    typeof own === "string" ? { reference: own, copy: false } : await schemaReference(path);
  const config = { ...before, $schema: reference, ...configOf(context, setup, global) };
  const changes = before !== undefined && changedKeys(before, config).length > 0;
  const costs = !context.settings.local && (setup.makeBucket || setup.role?.make === true);
  if (changes || costs) {
    if (options.yes !== true) output.note(formatPlan(setup, { path, config, before }, output.paint));
    await askFirst(output, "continue?", options.yes ?? false);
  }
  const made = await output.during("creating", () => make(setup, host.signal));
  await writeConfig(path, config, copy);
  const { account, region } = setup.scope;
  const result: InitResult = { path, schema: reference, config, account, region, made };
  output.result(result, formatResult(result, global.config, output.paint));
  return EXIT.done;
}

/** Returns the setup as settings of the file; leaves out values that belong to this user or this shell only. */
function configOf(
  { settings }: Context,
  { scope, presign, role, slots }: Setup,
  { profile, endpointUrl }: { profile?: string; endpointUrl?: string },
) {
  return {
    ...given({ profile, endpointUrl }),
    ...(settings.local ? { local: true } : { region: scope.region }),
    bucket: scope.bucket,
    ...(scope.prefix !== "fota" && { prefix: scope.prefix }),
    presign,
    ...given({ role: role?.name }),
    ...slots,
  };
}
