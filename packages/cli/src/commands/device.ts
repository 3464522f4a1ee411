import { setMaxListeners } from "node:events";
import { join, resolve } from "node:path";
import { FotaError, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { Command, Option } from "commander";
import { limiter, mapAtOnce } from "../at-once.js";
import type { Context, ContextOf } from "../context.js";
import { TRIAL_FAILURES, type TrialFailure } from "../device/trial-failure.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { parseDurationSeconds } from "../settings/flags.js";
import type { Progress } from "../terminal/output.js";

interface DeviceOptions {
  thing: string;
  count?: string;
  dir?: string;
  mqtt?: string;
  ca?: string;
  cert?: string;
  key?: string;
  passphraseFile?: string;
  fail?: TrialFailure;
  confirmWithin: string;
  model?: string;
  fwVersion?: string;
}

/** Handshakes at once: more only time each other out, as the stand-in is one process. */
const CONNECTING_AT_ONCE = 32;
/** Of how many devices the download is shown step by step. */
const SHOWN_CLOSELY = 5;

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
    .option("--count <number>", "run this many devices: <name>-1, <name>-2 and so on")
    .option("--dir <path>", "folder of its slots and state (default: one for the thing in your home)")
    .option("--mqtt <url>", "broker: mqtts://host[:port], or mqtt://host[:port] without TLS")
    .option("--ca <file>", "roots to trust, PEM")
    .option("--cert <file>", "certificate of the device, PEM or DER")
    .option("--key <file>", "its private key, PEM or DER")
    .option("--passphrase-file <file>", "file whose first line decrypts the private key")
    .option("--model <name>", "hardware model to be: jobs for another one are refused")
    .option("--fw-version <version>", "version it starts with; it takes over that of what it installs")
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
  const things = thingsOf(thing, options.count);
  const longest = things.at(-1) ?? thing;
  if (longest.length > THING_NAME_MAX_LENGTH || !THING_NAME_PATTERN.test(longest)) {
    throw new FotaError("TARGET_INVALID", `${JSON.stringify(longest)} is no name for a thing`, {
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
    options.dir ??
      join(host.homeDir, ".local", "state", "fota", "devices", ...(things.length > 1 ? [] : [thing])),
  );
  const [{ connectionsOf, isOnThisMachine }, { runFleet }, { eventFormatter }] = await Promise.all([
    import("../device/connection.js"),
    import("../device/fleet.js"),
    import("../device/format.js"),
  ]);
  const { checkModel, checkVersion } = await import("../job/job-spec.js");
  const model = checkModel(options.model);
  const fwVersion = checkVersion(options.fwVersion, "--fw-version");
  setMaxListeners(0, host.signal); // requests of many devices wait for it at once: no leak
  const connections = await connectionsOf(context, options);
  const devices = things.map((name) => ({ name, dir: options.count === undefined ? dir : join(dir, name) }));
  await output.during("making certificates", async (progress) => {
    const count = counterOf(context, devices.length, progress);
    await mapAtOnce(devices, CONNECTING_AT_ONCE, async ({ name, dir }) => {
      await connections.prepare(name, dir);
      count();
    });
  });
  const what = things.length === 1 ? "virtual device" : `${things.length} virtual devices`;
  output.note(`${what} ${[...new Set([things[0], things.at(-1)])].join(" to ")}, state in ${dir}`);
  const width = Math.max(...[things[0], things.at(-1)].map((name = "") => name.length));
  const inTurn = limiter(CONNECTING_AT_ONCE);
  await runFleet(
    devices.map(({ name, dir }) => {
      const format = eventFormatter(
        name.padEnd(width),
        output.paint,
        things.length > SHOWN_CLOSELY ? 50 : 10,
      );
      return {
        dir,
        connection: connections.of(name, dir),
        confirmWithinMs: confirmWithinSeconds * 1000,
        allowLoopbackHttp: context.settings.local || isOnThisMachine(options.mqtt),
        inTurn,
        ...(model !== undefined && { model }),
        ...(fwVersion !== undefined && { fwVersion }),
        ...(fail !== undefined && { fail }),
        onEvent: (event) => {
          const text = format(event);
          if (output.json || text !== undefined) output.line({ thing: name, ...event }, text ?? "");
        },
      };
    }),
    host.signal,
  ).finally(() => connections.close());
  output.note("stopped");
  return EXIT.done;
}

/** @throws {FotaError} USAGE */
function thingsOf(thing: string, count: string | undefined): string[] {
  if (count === undefined) return [thing];
  if (/^[1-9]\d{0,5}$/.test(count)) {
    return Array.from({ length: Number(count) }, (_, i) => `${thing}-${i + 1}`);
  }
  throw new FotaError("USAGE", `--count must be a number from 1 up, got ${JSON.stringify(count)}`, {
    hint: "give how many devices to run, such as --count 40",
  });
}

/** Says how far the making of certificates is: live, and where nothing is live in lines, one each tenth. */
function counterOf({ output }: Context, total: number, progress: Progress): () => void {
  let made = 0;
  let shownTenths = 0;
  return () => {
    made += 1;
    progress(`making certificates: ${made}/${total}`);
    const tenths = Math.floor((made * 10) / total);
    if (output.live || total < 10 || tenths === shownTenths) return;
    shownTenths = tenths;
    output.note(`making certificates: ${made}/${total}`);
  };
}
