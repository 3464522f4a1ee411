import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import type { LocalInfo } from "@fota/local";
import { FotaError, messageOf } from "@fota/shared";
import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { collect, parsePort } from "../settings/flags.js";
import { checkedUrl } from "../settings/settings.js";
import { formatRows, oneLine } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";

interface LocalOptions {
  ports?: string;
  port: string;
  httpsPort: string;
  mqttPort: string;
  mqttsPort: string;
  dir?: string;
  bucket?: string[];
  thing?: string[];
  group?: string[];
  credentials?: string[];
  verifySignatures?: boolean;
  strict?: boolean;
  publicS3Url?: string;
  allowHost?: string[];
  allowOrigin?: string[];
}

const DEFAULT_REGION = "us-east-1";

const HELP = `
Stops at Ctrl-C and SIGTERM. Everything listens on 127.0.0.1 only.

Other commands of this user find it by --local. With several, --local means the
one on port 4566; --endpoint-url names another one.

--json prints one line when it is ready: {endpoint, https, mqtt, mqtts, ca, region, dir}.

A first round, in three terminals:
  $ fota local --thing demo-1 --bucket firmware
  $ fota device --local --thing demo-1
  $ fota publish app.bin --slot 1 --to demo-1 --bucket firmware --local --wait`;

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
    .option("--dir <path>", "keep the state in this folder; without it, state is discarded on exit")
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
    .addHelpText("after", HELP)
    .action(async (options: LocalOptions, command: Command) => {
      const isGiven = (name: string) => command.getOptionValueSource(name) !== "default";
      exitWith(await runLocal(await contextOf(command), options, isGiven));
    });
}

async function runLocal(
  { host, output, settings }: Context,
  options: LocalOptions,
  isGiven: (option: string) => boolean,
): Promise<ExitCode> {
  const { dir, verifySignatures = false, strict = false } = options;
  const ports = portsOf(options, isGiven);
  const groups = parseGroups(options.group);
  const credentials = (options.credentials ?? []).map(parseKeyPair);
  const publicS3Url = checkedUrl(options.publicS3Url, "--public-s3-url");
  const [{ startLocal }, { saveAddress }, { findRunning }] = await Promise.all([
    import("@fota/local"),
    import("../stand-in/address-file.js"),
    import("../stand-in/find.js"),
  ]);
  for (const { endpoint } of await findRunning(host)) {
    output.note(`another \`fota local\` of yours runs at ${endpoint}`);
  }
  const secret = randomBytes(32).toString("hex");
  const local = await output.during("starting", () =>
    startLocal({
      ...ports,
      region: settings.region ?? DEFAULT_REGION,
      credentials,
      verifySignatures,
      strict,
      secret,
      buckets: options.bucket ?? [],
      things: options.thing ?? [],
      groups,
      log: (line) => output.note(oneLine(line)),
      ...(publicS3Url !== undefined && { publicS3Url }),
      allowHosts: options.allowHost ?? [],
      allowOrigins: options.allowOrigin ?? [],
      ...(dir !== undefined && { dir: resolve(host.cwd, dir) }),
    }),
  );
  let forget: (() => Promise<void>) | undefined;
  try {
    const address = { endpoint: local.endpoint, pid: process.pid, secret };
    forget = await saveAddress(host, address).catch((error: unknown) => {
      const why = messageOf(error);
      output.warn(
        `--local of other commands will not find this one (${why}): add --endpoint-url ${local.endpoint}`,
      );
      return undefined;
    });
    output.line({ ...local.info(), dir: local.dir ?? null }, formatInfo(local, options, output.paint));
    if (!host.signal.aborted) await once(host.signal, "abort");
  } finally {
    await forget?.().catch(() => undefined);
    await local.stop();
  }
  output.note("stopped");
  return EXIT.done;
}

function portsOf(options: LocalOptions, isGiven: (option: string) => boolean) {
  if (options.ports !== undefined && options.ports !== "auto") {
    throw new FotaError("USAGE", `--ports is "auto", not "${options.ports}"`, {
      hint: "use --ports auto for free ports, or --port and the others for certain ones",
    });
  }
  const portOf = (name: "port" | "httpsPort" | "mqttPort" | "mqttsPort", flag: string) =>
    options.ports === "auto" && !isGiven(name) ? 0 : parsePort(options[name], flag);
  return {
    port: portOf("port", "--port"),
    httpsPort: portOf("httpsPort", "--https-port"),
    mqttPort: portOf("mqttPort", "--mqtt-port"),
    mqttsPort: portOf("mqttsPort", "--mqtts-port"),
  };
}

/** Reads `name:thing,thing`. The first colon ends the group's name; names of things may hold more of them. */
function parseGroups(texts: readonly string[] = []): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const at = text.indexOf(":");
    if (at <= 0) {
      throw new FotaError("USAGE", `--group must be a name, a colon and things, not "${text}"`, {
        hint: "write it like --group beta:demo-1,demo-2",
      });
    }
    const name = text.slice(0, at);
    const things = text
      .slice(at + 1)
      .split(",")
      .filter((thing) => thing !== "");
    groups.set(name, [...(groups.get(name) ?? []), ...things]);
  }
  return Object.fromEntries(groups);
}

function parseKeyPair(text: string): { accessKeyId: string; secretAccessKey: string } {
  const at = text.indexOf(":");
  if (at > 0 && at < text.length - 1) {
    return { accessKeyId: text.slice(0, at), secretAccessKey: text.slice(at + 1) };
  }
  throw new FotaError("USAGE", "--credentials must be an access key id, a colon and its secret", {
    hint: "write it like --credentials AKIAEXAMPLE:secret",
  });
}

function formatInfo(info: LocalInfo, { thing, bucket }: LocalOptions, paint: Paint): string {
  const { endpoint, region } = info;
  const rows = formatRows(
    [
      ["AWS API", `${endpoint}  ${info.https}`],
      ["MQTT", `${info.mqtt}  ${info.mqtts}`],
      ["CA", info.ca],
      ["state", info.dir ?? "discarded on exit (--dir keeps it)"],
    ],
    (label) => paint("dim", label),
  );
  const isDefault = endpoint === "http://127.0.0.1:4566";
  const where = isDefault ? "" : ` --endpoint-url ${endpoint}`;
  const name = thing?.[0] ?? "demo-1";
  const commands = [
    `fota device --local${where} --thing ${name}`,
    `fota publish app.bin --slot 1 --to ${name} --bucket ${bucket?.[0] ?? "firmware"} --local${where}`,
  ];
  const exports = [
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
  ];
  const indented = (lines: string[]) => lines.map((line) => `  ${paint("cyan", line)}`).join("\n");
  return [
    `${paint("green", "✔")} ${paint("bold", "fota local")} is ready: AWS IoT and S3 on this machine`,
    `\n${rows}`,
    `\nin another terminal:\n${indented(commands)}`,
    `\nfor the aws command and other tools:\n${indented(exports)}`,
    `\n${paint("dim", "Ctrl-C stops it")}`,
  ].join("\n");
}
