import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import { collect } from "../settings/flags.js";
import type { ThingDeleteOptions } from "../thing/run-delete.js";
import type { CreateOptions } from "../thing/spec.js";

const HELP = `
Examples:
  $ fota thing create pump-1 --out pump-1
  $ fota thing show pump-1
  $ fota thing delete pump-1`;

const SHOW_HELP = `
AWS IoT knows whether a device is connected only if fleet indexing of
connectivity is on. The firmware is what the device reported with its newest
jobs.

Examples:
  $ fota thing show pump-1
  $ fota thing show pump-1 --json`;

const DELETE_HELP = `
fota deactivates and deletes the certificates of the thing, and the policy
fota-device if nothing else uses it. It keeps a certificate that belongs to
another thing too, and policies that it did not create. The files that
\`fota thing create\` wrote stay.

If a delete was interrupted, run the same command again to complete it.

Examples:
  $ fota thing delete pump-1
  $ fota thing delete pump-1 --force --yes`;

const CREATE_HELP = `
The folder gets cert.pem, key.pem, the root CA of AWS IoT and agent.json, which
names them together with the endpoint: readAgentConfig of @fota/agent/node reads
it for connectThing. The key is made on this machine, and only a certificate
request is sent to AWS. With --csr the key stays on the device, and the folder
gets only the certificate and the CA. The attribute "model" is the device's
model in agent.json too.

You can repeat the command: it keeps what is there, and never replaces a key.
All devices share the policy fota-device, which lets each one use only the jobs
of its own thing.

Examples:
  $ fota thing create pump-1 --out pump-1
  $ fota thing create pump-1 --out pump-1 --group beta --attributes model=p2
  $ fota thing create pump-1 --out pump-1 --csr device.csr`;

export function thingCommand(contextOf: ContextOf): Command {
  return new Command("thing")
    .summary("create, show and delete things and their certificates")
    .description("Create, show and delete things in AWS IoT, with what their devices connect with.")
    .usage("<command> [options]")
    .helpCommand(false)
    .addHelpText("after", helpText(HELP))
    .addCommand(createCommand(contextOf))
    .addCommand(showCommand(contextOf))
    .addCommand(deleteCommand(contextOf));
}

function createCommand(contextOf: ContextOf): Command {
  return new Command("create")
    .summary("create a thing, and the files that its device connects with")
    .description("Create a thing, its certificate and policy, and the files that its device connects with.")
    .argument("<name>", "name of the thing")
    .requiredOption("--out <folder>", "folder of the device's files")
    .option("--group <name>", "static thing group to put the thing into")
    .option("--csr <file>", "certificate request, PEM, of a key that stays on the device")
    .option("--attributes <name=value,...>", "attributes of the thing; repeatable", collect)
    .option("-n, --dry-run", "check everything, change nothing")
    .addHelpText("after", helpText(CREATE_HELP))
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { runCreate } = await import("../thing/run-create.js");
      await runCreate(await contextOf(command), name, options);
    });
}

function showCommand(contextOf: ContextOf): Command {
  return new Command("show")
    .summary("show a thing: certificates, connection, jobs and firmware")
    .description(
      "Show a thing with its groups, certificates, connection, pending jobs and last reported firmware.",
    )
    .argument("<thing>", "name of the thing")
    .addHelpText("after", helpText(SHOW_HELP))
    .action(async (name: string, _options: unknown, command: Command) => {
      const { runShow } = await import("../thing/run-show.js");
      await runShow(await contextOf(command), name);
    });
}

function deleteCommand(contextOf: ContextOf): Command {
  return new Command("delete")
    .summary("delete a thing, and what only it uses")
    .description("Delete a thing, its certificates, and the policy of devices if nothing else uses it.")
    .argument("<thing>", "name of the thing")
    .option("--force", "also delete a thing with pending jobs")
    .option("-y, --yes", "do not ask; required if stdin is not a terminal")
    .addHelpText("after", helpText(DELETE_HELP))
    .action(async (name: string, options: ThingDeleteOptions, command: Command) => {
      const { runThingDelete } = await import("../thing/run-delete.js");
      await runThingDelete(await contextOf(command), name, options);
    });
}
