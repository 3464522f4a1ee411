import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { DeviceOptions } from "../device/run.js";
import { TRIAL_FAILURES } from "../device/trial-failure.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";

const HELP = `
The agent is the real one, on two slots in files; the boot is simulated: any
image boots, unless --fail says otherwise. Started again on the same folder, the
device goes on where it was. Stops at Ctrl-C and SIGTERM.

With --local only --thing is needed: the thing and its certificate are made at
the running \`fota local\`. --json prints one line for each event.

Images are fetched by http only with --local or from a broker on this machine.

Examples:
  $ fota device --local --thing demo-1
  $ fota device --local --thing demo --count 40     # demo-1 to demo-40
  $ fota publish app.bin --slot any --to demo-1 --bucket firmware --local`;

export function deviceCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("device")
    .summary("a virtual device to publish to")
    .description("Run a virtual device to publish to: the real agent with a simulated boot.")
    .usage("--thing <name> [options]")
    .requiredOption("--thing <name>", "thing to be")
    .option("--count <number>", "run this many devices: <name>-1, <name>-2 and so on")
    .option("--dir <folder>", "folder of its slots and state (default: one for the thing in your home)")
    .option("--mqtt <url>", "broker: mqtts://host[:port], or mqtt://host[:port] without TLS")
    .option("--ca <file>", "roots to trust, PEM")
    .option("--cert <file>", "certificate of the device, PEM or DER")
    .option("--key <file>", "its private key, PEM or DER")
    .option("--passphrase-file <file>", "file whose first line decrypts the private key")
    .option("--model <name>", "hardware model to be: jobs for another one are refused")
    .option("--fw-version <version>", "version it starts with; it takes over that of what it installs")
    .addOption(new Option("--fail <how>", "what goes wrong on trial").choices(TRIAL_FAILURES))
    .option("--confirm-within <duration>", "time that a trial has before it counts as hung", "10s")
    .addHelpText("after", helpText(HELP))
    .action(async (options: DeviceOptions, command: Command) => {
      const { runDevice } = await import("../device/run.js");
      exitWith(await runDevice(await contextOf(command), options));
    });
}
