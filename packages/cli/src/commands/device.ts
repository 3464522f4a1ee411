import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ThingOptions } from "@fota/agent/node";
import { FotaError, messageOf, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { Command, Option } from "commander";
import type { Context, ContextOf } from "../context.js";
import { TRIAL_FAILURES, type TrialFailure } from "../device/trial-failure.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { parseDurationSeconds } from "../flags.js";

interface DeviceOptions {
  thing: string;
  dir?: string;
  mqtt?: string;
  ca?: string;
  cert?: string;
  key?: string;
  fail?: TrialFailure;
  confirmWithin: string;
}

const HELP = `
The agent is the real one, on two slots in files; the boot is simulated: any
image boots, unless --fail says otherwise. Started again on the same folder, the
device goes on where it was. Stops at Ctrl-C and SIGTERM.

With --local only --thing is needed: the thing and its certificate are made at
the running \`fota local\`. --json prints one line for each event.`;

export function deviceCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("device")
    .summary("a virtual device to publish to")
    .description("Run a virtual device to publish to: the real agent with a simulated boot.")
    .requiredOption("--thing <name>", "thing to be")
    .option("--dir <path>", "folder of its slots and state (default: one for the thing in your home)")
    .option("--mqtt <url>", "broker: mqtts://host[:port], or mqtt://host[:port] without TLS")
    .option("--ca <file>", "roots to trust, PEM")
    .option("--cert <file>", "certificate of the device, PEM")
    .option("--key <file>", "its private key, PEM")
    .addOption(new Option("--fail <how>", "what goes wrong on trial").choices(TRIAL_FAILURES))
    .option("--confirm-within <duration>", "time that a trial has before it counts as hung", "10s")
    .addHelpText("after", HELP)
    .action(async (options: DeviceOptions, command: Command) => {
      exitWith(await runDevice(await contextOf(command), options));
    });
}

async function runDevice(context: Context, options: DeviceOptions): Promise<ExitCode> {
  const { host, output } = context;
  const { thing, fail } = options;
  if (thing.length > THING_NAME_MAX_LENGTH || !THING_NAME_PATTERN.test(thing)) {
    throw new FotaError("TARGET_INVALID", `${JSON.stringify(thing)} is no name for a thing`, {
      hint: "1 to 128 of letters, digits, - _ and :",
    });
  }
  const confirmWithinSeconds = parseDurationSeconds(options.confirmWithin);
  if (confirmWithinSeconds === undefined || confirmWithinSeconds === 0) {
    throw new FotaError("USAGE", `--confirm-within must be a duration, got ${options.confirmWithin}`, {
      hint: "write 90s or 5m",
    });
  }
  const dir = resolve(
    host.cwd,
    options.dir ?? join(host.homeDir, ".local", "state", "fota", "devices", thing),
  );
  const connection = await connectionOf(context, options, dir);
  const [{ runVirtualDevice }, { eventFormatter }] = await Promise.all([
    import("../device/virtual-device.js"),
    import("../device/format.js"),
  ]);
  const format = eventFormatter(thing, output.paint);
  output.note(`virtual device ${thing}, state in ${dir}`);
  await runVirtualDevice({
    dir,
    connection,
    confirmWithinMs: confirmWithinSeconds * 1000,
    ...(fail !== undefined && { fail }),
    ...(typeof connection.ca === "string" && { ca: connection.ca }),
    signal: host.signal,
    onEvent: (event) => {
      const text = format(event);
      if (output.json || text !== undefined) output.line({ thing, ...event }, text ?? "");
    },
  });
  output.note("stopped");
  return EXIT.done;
}

/** @throws {FotaError} USAGE, CONFIG_INVALID, LOCAL_NOT_RUNNING */
async function connectionOf(context: Context, options: DeviceOptions, dir: string): Promise<ThingOptions> {
  const { host, settings } = context;
  const { thing: thingName, mqtt, cert, key } = options;
  if (mqtt === undefined && settings.local) {
    const [{ findStandIn, STAND_IN_ENDPOINT }, { standInAccess }, { standInIdentity }] = await Promise.all([
      import("../stand-in.js"),
      import("../aws/access.js"),
      import("../device/identity.js"),
    ]);
    const info = await findStandIn(settings.iotEndpoint ?? STAND_IN_ENDPOINT, host.signal);
    const ca = await readPemFile(info.ca, "the CA of the stand-in", host.cwd);
    const access = standInAccess(info.endpoint, info.region);
    const identity = await standInIdentity(access, thingName, dir, ca, host.signal);
    return { thingName, url: info.mqtts, ca, cert: identity.certificate, key: identity.privateKey };
  }
  if (mqtt === undefined) {
    throw new FotaError("USAGE", "--mqtt says which broker to connect to, and is not given", {
      hint: "--mqtt mqtts://<your endpoint>:8883 with --cert and --key, or --local for the running `fota local`",
    });
  }
  const files = { ca: options.ca, cert, key };
  const pems: Partial<Record<keyof typeof files, string>> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const path = files[name];
    if (path !== undefined) pems[name] = await readPemFile(path, `--${name}`, host.cwd);
  }
  return { thingName, url: mqtt, ...pems };
}

async function readPemFile(path: string, what: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    throw new FotaError("CONFIG_INVALID", `${what} cannot be read: ${messageOf(error)}`, {
      hint: "it names a file in PEM",
      cause: error,
    });
  }
}
