import { resolve } from "node:path";
import type { FotaError } from "@fota/shared";
import { Command, Option } from "commander";
import type { Context, ContextOf } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import type { InitOptions, Setup } from "../init/init.js";
import type { InitResult } from "../init/result.js";
import { readVariable } from "../settings/stray-character.js";

interface InitCommandOptions extends InitOptions {
  yes?: boolean;
}

const HELP = `
Region, profile and account come from where the other commands have them; the
rest is asked for, where somebody is there to answer. What is not there yet is
made after a yes: a bucket with public access blocked and versions kept, a role
whose policies are shown first. Keys of a settings file that is there stay.

The file is fota.config.json here, or what --config names. Its $schema lets
editors complete and check it.

Examples:
  $ fota init
  $ fota init --bucket fw-releases --presign iot --role fota-presign
  $ fota init --bucket fw-releases --presign cli --yes
  $ fota init --local --bucket firmware --yes`;

export function initCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("init")
    .summary("write fota.config.json, and make bucket and role")
    .description(
      "Write fota.config.json: asks for what it cannot find out, and offers to make bucket and role.",
    )
    .option("--bucket <name>", "S3 bucket for the images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of the objects' keys (default: fota)")
    .addOption(
      new Option("--presign <who>", "cli: fota, once; iot: AWS IoT, when a device asks").choices([
        "cli",
        "iot",
      ]),
    )
    .option("--role <name>", "role that AWS IoT presigns as, name or ARN (FOTA_ROLE)")
    .option("--yes", "make and write without asking")
    .addHelpText("after", HELP)
    .action(async (options: InitCommandOptions, command: Command) => {
      let configFault: FotaError | undefined;
      const context = await contextOf(command, (fault) => {
        configFault = fault;
      });
      exitWith(await runInit(context, command, options, configFault));
    });
}

async function runInit(
  context: Context,
  command: Command,
  options: InitCommandOptions,
  configFault: FotaError | undefined,
): Promise<ExitCode> {
  const { host, output } = context;
  const global = command.optsWithGlobals<{ config?: string; profile?: string; endpointUrl?: string }>();
  const [
    { askFirst },
    { make, settle },
    format,
    { checkOwn, readConfig, schemaReference, writeConfig },
    { CONFIG_FILE },
  ] = await Promise.all([
    import("../terminal/ask-first.js"),
    import("../init/init.js"),
    import("../init/format.js"),
    import("../init/settings-file.js"),
    import("../settings/config-file.js"),
  ]);
  const named = global.config ?? readVariable(host.env, "FOTA_CONFIG");
  const path = resolve(host.cwd, named ?? CONFIG_FILE);
  const before = await readConfig(path);
  if (before !== undefined && named === undefined) await checkOwn(path, host.env);
  if (configFault !== undefined && before !== undefined) {
    output.warn(`${configFault.message}: what it sets stays in it, and was not looked at`);
  }
  const setup = await settle(context, options);
  for (const warning of setup.warnings) output.warn(warning);
  const own = before?.["$schema"];
  const { reference, copy } =
    typeof own === "string" ? { reference: own, copy: false } : await schemaReference(path);
  const config = { ...before, $schema: reference, ...configOf(context, setup, global) };
  const changes = before !== undefined && format.changedKeys(before, config).length > 0;
  if (changes || setup.makeBucket || setup.role?.make === true) {
    if (options.yes !== true) output.note(format.formatPlan(setup, { path, config, before }, output.paint));
    await askFirst(output, "go on?", options.yes ?? false);
  }
  const made = await output.during("making", () => make(setup, host.signal));
  await writeConfig(path, config, copy);
  const { account, region } = setup.scope;
  const result: InitResult = { path, schema: reference, config, account, region, made };
  output.result(result, format.formatResult(result, output.paint, context.flags));
  return EXIT.done;
}

/** What was settled, as the file has it; what only this person or this shell has stays out. */
function configOf(
  { settings }: Context,
  { scope, presign, role }: Setup,
  { profile, endpointUrl }: { profile?: string; endpointUrl?: string },
) {
  return {
    ...(profile !== undefined && { profile }),
    ...(endpointUrl !== undefined && { endpointUrl }),
    ...(settings.local ? { local: true } : { region: scope.region }),
    bucket: scope.bucket,
    ...(scope.prefix !== "fota" && { prefix: scope.prefix }),
    presign,
    ...(role !== undefined && { role: role.name }),
  };
}
