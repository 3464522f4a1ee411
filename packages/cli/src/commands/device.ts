import { Command, Option } from "commander";
import type { ContextOf } from "../context.js";
import type { DeviceOptions } from "../device/run.js";
import { TRIAL_FAILURES } from "../device/trial-failure.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";

const HELP = `
The device runs the real agent on two slots, which are files. Its boot is
simulated: any image boots, unless --fail says otherwise. When you start it
again with the same folder, it continues where it was, also after kill -9; a
power cut of this machine may damage its state. Ctrl-C and SIGTERM stop it.

--count runs up to thousands of devices in one process, each with an identity,
a connection and slots of its own. At most 16 start an update at once. A process
needs an open file for each connection and for each lock, and \`fota local\` for
each connection: see \`ulimit -n\`. More than 1000 devices lock only the folder of
the first one. Above 50 devices, fota prints counts once a second instead of a
line for each event.

--json prints one line for each event of each device, for any number of them:
{thing, event, ...} with the events booted, wentBack, connected, disconnected,
progress, jobGone and warning.

With --local, only --thing is needed: the running \`fota local\` creates the
thing and its certificate. The device fetches images over http only with --local
or if its broker is on this machine.

Examples:
  $ fota device --local --thing demo-1
  $ fota device --local --thing demo --count 40     # demo-1 to demo-40
  $ fota device --local --thing fleet --count 10000
  $ fota publish app.bin --slot any --to demo-1 --bucket firmware --local`;

export function deviceCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("device")
    .summary("run a virtual device to publish to")
    .description("Run a virtual device to publish to: the real agent with a simulated boot.")
    .usage("--thing <name> [options]")
    .requiredOption("--thing <name>", "thing name of the device")
    .option("--count <number>", "run this many devices: <name>-1, <name>-2 and so on")
    .option(
      "--dir <folder>",
      "folder of its slots and state (default: one for each thing in your home folder)",
    )
    .option("--mqtt <url>", "broker: mqtts://host[:port], or mqtt://host[:port] without TLS")
    .option("--ca <file>", "trusted root certificates, PEM")
    .option("--cert <file>", "certificate of the device, PEM or DER")
    .option("--key <file>", "private key of the device, PEM or DER")
    .option("--passphrase-file <file>", "file whose first line decrypts the private key")
    .option("--model <name>", "hardware model; the device refuses jobs for other models")
    .option("--fw-version <version>", "version that runs at first; each update brings its own")
    .option("--inventory", "report what runs in the shadow fota, as with --local, for `fota fleet`")
    .addOption(new Option("--fail <how>", "how the trial of a new image fails").choices(TRIAL_FAILURES))
    .option(
      "--confirm-within <duration>",
      "time limit of a trial; after that the image counts as hung",
      "10s",
    )
    .addHelpText("after", helpText(HELP))
    .action(async (options: DeviceOptions, command: Command) => {
      const { runDevice } = await import("../device/run.js");
      exitWith(await runDevice(await contextOf(command), options));
    });
}
