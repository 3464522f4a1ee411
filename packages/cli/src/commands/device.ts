import { join, resolve } from "node:path";
import { FotaError, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { Command, Option } from "commander";
import { mapAtOnce } from "../at-once.js";
import type { Context, ContextOf } from "../context.js";
import { TRIAL_FAILURES, type TrialFailure } from "../device/trial-failure.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { parseDurationSeconds } from "../flags.js";

interface DeviceOptions {
  thing: string;
  count?: string;
  dir?: string;
  mqtt?: string;
  ca?: string;
  cert?: string;
  key?: string;
  fail?: TrialFailure;
  confirmWithin: string;
}

/** Each is a connection and a loop of its own in this process. */
const COUNT_MAX = 1_000;
const CERTIFICATES_AT_ONCE = 8;

const HELP = `
The agent is the real one, on two slots in files; the boot is simulated: any
image boots, unless --fail says otherwise. Started again on the same folder, the
device goes on where it was. Stops at Ctrl-C and SIGTERM.

With --local only --thing is needed: the thing and its certificate are made at
the running \`fota local\`. --json prints one line for each event.

Images are fetched by http only with --local or from a broker on this machine.

Examples:
  $ fota device --local --thing demo-1
  $ fota device --local --thing demo --count 40     # demo-1 to demo-40`;

export function deviceCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("device")
    .summary("a virtual device to publish to")
    .description("Run a virtual device to publish to: the real agent with a simulated boot.")
    .requiredOption("--thing <name>", "thing to be")
    .option("--count <number>", "so many devices, <name>-1 and so on: up to 1000")
    .option("--dir <path>", "folder of its slots and state (default: one for the thing in your home)")
    .option("--mqtt <url>", "broker: mqtts://host[:port], or mqtt://host[:port] without TLS")
    .option("--ca <file>", "roots to trust, PEM")
    .option("--cert <file>", "certificate of the device, PEM or DER")
    .option("--key <file>", "its private key, PEM or DER, not encrypted")
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
  const things = thingsOf(thing, options.count);
  const dir = resolve(
    host.cwd,
    options.dir ??
      join(host.homeDir, ".local", "state", "fota", "devices", ...(things.length > 1 ? [] : [thing])),
  );
  const [{ connectionsOf, isOnThisMachine }, { runFleet }, { eventFormatter }] = await Promise.all([
    import("../device/connection.js"),
    import("../device/fleet.js"),
    import("../device/format.js"),
  ]);
  const connectionOf = await connectionsOf(context, options);
  const width = Math.max(...things.map((name) => name.length));
  const devices = await output.during("making certificates", () =>
    mapAtOnce(things, CERTIFICATES_AT_ONCE, async (name) => {
      const own = options.count === undefined ? dir : join(dir, name);
      return { name, dir: own, connection: await connectionOf(name, own) };
    }),
  );
  const what = things.length === 1 ? "virtual device" : `${things.length} virtual devices`;
  output.note(`${what} ${[...new Set([things[0], things.at(-1)])].join(" to ")}, state in ${dir}`);
  await runFleet(
    devices.map(({ name, dir, connection }) => {
      const format = eventFormatter(name.padEnd(width), output.paint);
      return {
        dir,
        connection,
        confirmWithinMs: confirmWithinSeconds * 1000,
        allowLoopbackHttp: context.settings.local || isOnThisMachine(connection.url),
        ...(fail !== undefined && { fail }),
        ...(typeof connection.ca === "string" && { ca: connection.ca }),
        onEvent: (event) => {
          const text = format(event);
          if (output.json || text !== undefined) output.line({ thing: name, ...event }, text ?? "");
        },
      };
    }),
    host.signal,
  );
  output.note("stopped");
  return EXIT.done;
}

/** @throws {FotaError} USAGE */
function thingsOf(thing: string, count: string | undefined): string[] {
  if (count === undefined) return [thing];
  const number = /^\d{1,4}$/.test(count) ? Number(count) : 0;
  if (number >= 1 && number <= COUNT_MAX)
    return Array.from({ length: number }, (_, i) => `${thing}-${i + 1}`);
  throw new FotaError(
    "USAGE",
    `--count must be a number from 1 to ${COUNT_MAX}, got ${JSON.stringify(count)}`,
  );
}
