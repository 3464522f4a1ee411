import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { LocalOptions } from "../local/options.js";
import { collect } from "../settings/flags.js";

const HELP = `
Ctrl-C and SIGTERM stop it. Everything listens on 127.0.0.1 only, unless --host
names another address for boards on your network.

Other commands of the same user find it with --local. If several run, --local
means the one on port 4566; --endpoint-url selects another one.

When it is ready, --json prints one line: {endpoint, https, mqtt, mqtts, ca,
region, dir}.

A first round, in three terminals:
  $ fota local --thing demo-1 --bucket firmware
  $ fota device --local --thing demo-1
  $ fota publish app.bin --slot any --to demo-1 --bucket firmware --local --wait`;

export function localCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("local")
    .summary("run AWS IoT, its MQTT broker and S3 on this machine")
    .description(
      "Run a stand-in for AWS IoT Jobs, its MQTT broker and S3 on this machine. No AWS account is needed.",
    )
    .option("--host <address>", "IP address to listen on; 0.0.0.0 is all of this machine", "127.0.0.1")
    .option("--insecure-lan", "accept every device on the network of --host, also without a certificate")
    .option("--port <number>", "HTTP port of all AWS services; 0 takes a free one", "4566")
    .option("--https-port <number>", "HTTPS port of the same", "4567")
    .option("--mqtt-port <number>", "MQTT port without TLS", "1883")
    .option("--mqtts-port <number>", "MQTT port with mutual TLS", "8883")
    .option("--ports <auto>", "auto: take a free port for each one that no option names")
    .option("--dir <folder>", "keep the state in this folder; without it, state is discarded on exit")
    .option("--bucket <name>", "create this bucket; repeatable", collect)
    .option("--thing <name>", "create this thing; repeatable", collect)
    .option(
      "--group <name:things>",
      "create this group of things, such as beta:demo-1,demo-2; repeatable",
      collect,
    )
    .option("--credentials <key:secret>", "another accepted key pair besides test:test; repeatable", collect)
    .option("--verify-signatures", "refuse requests whose signature is wrong")
    .option("--public-s3-url <url>", "address of S3 in the URLs of job documents, as devices reach it")
    .option(
      "--allow-host <name>",
      "accept requests for this host name, such as that of a container; repeatable",
      collect,
    )
    .option("--allow-origin <origin>", "accept requests from web pages of this origin; repeatable", collect)
    .option("--strict", "refuse devices that have no certificate with a policy, as AWS does")
    .addHelpText("after", helpText(HELP))
    .action(async (options: LocalOptions, command: Command) => {
      const { runLocal } = await import("../local/run.js");
      const isGiven = (name: string) => command.getOptionValueSource(name) !== "default";
      exitWith(await runLocal(await contextOf(command), options, isGiven));
    });
}
