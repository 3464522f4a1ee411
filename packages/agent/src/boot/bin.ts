#!/usr/bin/env node
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isFotaError, messageOf } from "@fota/shared";
import { installFirst } from "./install.js";
import { launch } from "./launcher.js";

const HELP = `Usage: fota-boot --dir DIR [options] [-- COMMAND... {image} ...]
       fota-boot --dir DIR --install IMAGE [--force]

Runs the image in the current slot of DIR, and goes back when a trial dies, hangs or is not confirmed in time.

  --dir DIR                 folder of the slots and the boot record
  --confirm-within SECONDS  time that a trial has to confirm itself (default 300)
  --heartbeat SECONDS       longest silence of a firmware before it counts as hung: on trial from its start, else
                            from its first heartbeat (a byte written to the descriptor FOTA_HEARTBEAT_FD)
  --trial-boots N           boots that a trial gets (default 1)
  --stop-grace SECONDS      time that firmware has to end after a signal (default 10)
  --install IMAGE           put a first image in slot 0, and end
  --force                   with --install: also where there is a boot record
  -- COMMAND...             what runs an image, {image} standing for its path; default: the image itself

The firmware finds FOTA_DIR, FOTA_SLOT and FOTA_TRIAL (1 or 0) in its environment, and asks for a reset by exiting
with 85. fota-boot ends with the exit code of the firmware. A closed terminal (SIGHUP) stops it, also under nohup where the shell
does not name that in $_ (dash, BusyBox): start it with setsid there.
`;

/**
 * Signals that would end the launcher and leave the firmware running without one: of people, terminals (SIGHUP when one
 * is closed, SIGQUIT), service managers and power supplies.
 */
const STOPS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGPWR", "SIGUSR2", "SIGALRM"] as const;

class UsageError extends Error {}

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.dir === undefined || values.dir === "") throw new UsageError("--dir is required");
  const dir = resolve(values.dir);
  if (values.install !== undefined) {
    if (positionals.length > 0) throw new UsageError("--install takes no command");
    const sizeBytes = await installFirst(dir, values.install, values.force);
    say(`${values.install} is in slot 0 of ${dir} (${sizeBytes} bytes)`);
    return 0;
  }
  if (values.force) throw new UsageError("--force goes with --install");
  if (positionals.length > 0 && !positionals.some((part) => part.includes("{image}"))) {
    throw new UsageError("the command after -- must hold {image}");
  }
  return await launch({
    dir,
    confirmWithinMs: seconds("--confirm-within", values["confirm-within"]),
    maxTrialBoots: count("--trial-boots", values["trial-boots"]),
    heartbeatMs: values.heartbeat === undefined ? undefined : seconds("--heartbeat", values.heartbeat),
    stopGraceMs: seconds("--stop-grace", values["stop-grace"]),
    command: positionals,
    say,
    onStop: (stop) => {
      // SIGHUP asks many a daemon to read its settings again: what all of them take as a stop is SIGTERM.
      const onSignal = (signal: NodeJS.Signals) => stop(signal === "SIGINT" ? signal : "SIGTERM");
      const ignore = () => {};
      const listenerOf = (signal: NodeJS.Signals) =>
        signal === "SIGHUP" && isUnderNohup() ? ignore : onSignal;
      const listeners = STOPS.map((signal) => [signal, listenerOf(signal)] as const);
      for (const [signal, listener] of listeners) process.on(signal, listener);
      return () => {
        for (const [signal, listener] of listeners) process.off(signal, listener);
      };
    },
  });
}

/**
 * Whether `nohup` started this process, so that it is to outlive its terminal. Node resets what was ignored at its start
 * before any script runs; what is left is the name that shells put in the environment (bash, zsh, ksh).
 */
function isUnderNohup(): boolean {
  return basename(process.env["_"] ?? "") === "nohup";
}

function parse(argv: string[]) {
  try {
    const parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      tokens: true,
      options: {
        dir: { type: "string" },
        "confirm-within": { type: "string", default: "300" },
        heartbeat: { type: "string" },
        "trial-boots": { type: "string", default: "1" },
        "stop-grace": { type: "string", default: "10" },
        install: { type: "string" },
        force: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const end =
      parsed.tokens.find((token) => token.kind === "option-terminator")?.index ?? Number.POSITIVE_INFINITY;
    const stray = parsed.tokens.find((token) => token.kind === "positional" && token.index < end);
    if (stray?.kind === "positional") throw new UsageError(`unexpected argument ${stray.value}`);
    const given = parsed.tokens.flatMap((token) => (token.kind === "option" ? [token.rawName] : []));
    const twice = given.find((name, i) => given.indexOf(name) !== i);
    if (twice !== undefined) throw new UsageError(`${twice} is given twice`);
    return parsed;
  } catch (error) {
    throw new UsageError(messageOf(error).split(/\.\s|\n/)[0]);
  }
}

/** A number of seconds above 0 and below setTimeout's bound, in milliseconds. */
function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= 2_000_000) return value * 1000;
  throw new UsageError(`${option} must be a number of seconds above 0, not ${text}`);
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`${option} must be a whole number above 0, not ${text}`);
}

function say(line: string): void {
  console.error(`fota-boot: ${line}`);
}

process.exitCode = 70; // a wait that nothing ends must not look like success
main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    if (error instanceof UsageError) {
      say(`${error.message}; see fota-boot --help`);
      process.exitCode = 2;
    } else if (isFotaError(error)) {
      say(`${error.message} (${error.code})${error.hint === undefined ? "" : `; ${error.hint}`}`);
      process.exitCode = error.code === "USAGE" ? 2 : 1;
    } else if (error instanceof Error && "errno" in error && "syscall" in error) {
      say(error.message); // a file, a folder or a command that the system refuses: no fault of ours
      process.exitCode = 1;
    } else {
      console.error(error);
      process.exitCode = 70;
    }
  },
);
