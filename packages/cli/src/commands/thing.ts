import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import { collect } from "../settings/flags.js";
import type { CreateOptions } from "../thing/spec.js";

const HELP = `
Examples:
  $ fota thing create pump-1 --out pump-1`;

const CREATE_HELP = `
The folder gets cert.pem, key.pem, the root CA of AWS IoT and agent.json, which
names them together with the endpoint: connectThing of @fota/agent takes what is
in it. The key is made on this machine, and only a certificate request is sent
to AWS. With --csr the key stays on the device, and the folder gets only the
certificate and the CA. The attribute "model" is the device's model in
agent.json too.

You can repeat the command: it keeps what is there, and never replaces a key.
All devices share the policy fota-device, which lets each one use only the jobs
of its own thing.

Examples:
  $ fota thing create pump-1 --out pump-1
  $ fota thing create pump-1 --out pump-1 --group beta --attributes model=p2
  $ fota thing create pump-1 --out pump-1 --csr device.csr`;

export function thingCommand(contextOf: ContextOf): Command {
  return new Command("thing")
    .summary("create things, with what their devices connect with")
    .description("Create things in AWS IoT, with what their devices connect with.")
    .usage("<command> [options]")
    .helpCommand(false)
    .addHelpText("after", helpText(HELP))
    .addCommand(createCommand(contextOf));
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
