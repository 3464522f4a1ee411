import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { LocalOptions } from "../local/options.js";
import { collect } from "../settings/flags.js";

const HELP = `
Stops at Ctrl-C and SIGTERM. Everything listens on 127.0.0.1 only.

Other commands of this user find it by --local. With several, --local means the
one on port 4566; --endpoint-url names another one.

--json prints one line when it is ready: {endpoint, https, mqtt, mqtts, ca, region, dir}.

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
    .option("--port <number>", "HTTP, for all AWS services; 0 takes a free port", "4566")
    .option("--https-port <number>", "the same over HTTPS", "4567")
    .option("--mqtt-port <number>", "MQTT without TLS", "1883")
    .option("--mqtts-port <number>", "MQTT with mutual TLS", "8883")
    .option("--ports <auto>", "auto: take a free port wherever no option names one")
    .option("--dir <folder>", "keep the state in this folder; without it, state is discarded on exit")
    .option("--bucket <name>", "make this bucket; repeatable", collect)
    .option("--thing <name>", "make this thing; repeatable", collect)
    .option(
      "--group <name:things>",
      "make this group of things, such as beta:demo-1,demo-2; repeatable",
      collect,
    )
    .option(
      "--credentials <key:secret>",
      "an additional accepted key pair, beside test:test; repeatable",
      collect,
    )
    .option("--verify-signatures", "refuse requests whose signature is wrong")
    .option("--public-s3-url <url>", "S3 as devices reach it, for the URLs in job documents")
    .option(
      "--allow-host <name>",
      "take requests for this host name, such as that of a container; repeatable",
      collect,
    )
    .option("--allow-origin <origin>", "let web pages of this origin use it; repeatable", collect)
    .option("--strict", "let no device in without a certificate that has a policy, as AWS does")
    .addHelpText("after", helpText(HELP))
    .action(async (options: LocalOptions, command: Command) => {
      const { runLocal } = await import("../local/run.js");
      const isGiven = (name: string) => command.getOptionValueSource(name) !== "default";
      exitWith(await runLocal(await contextOf(command), options, isGiven));
    });
}
