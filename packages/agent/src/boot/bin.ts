#!/usr/bin/env node
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isFotaError, messageOf, printable, printableLines } from "@fota/shared";
import { installFirstImage } from "./install.js";
import { launch } from "./launcher.js";

const HELP = `Usage: fota-boot --dir DIR [options] [-- COMMAND... {image} ...]
       fota-boot --dir DIR --install IMAGE [--force]

Runs the image in the current slot of DIR. Reverts to the last confirmed image
when a trial exits, hangs or is not confirmed in time.

  --dir DIR                 folder with the slots and the boot record
  --confirm-within SECONDS  time limit for confirming a trial (default 300)
  --heartbeat SECONDS       restart firmware that sends no heartbeat for this
                            long, and revert a trial. A heartbeat is a byte
                            written to the file descriptor in FOTA_HEARTBEAT_FD.
                            A trial is watched from its start, confirmed
                            firmware from its first heartbeat (default: no
                            heartbeat expected)
  --trial-boots N           boots that a trial gets before it is reverted
                            (default 1)
  --stop-grace SECONDS      time between the stop signal and SIGKILL
                            (default 10)
  --install IMAGE           copy a first image into slot 0, create the boot
                            record, and exit
  --force                   with --install: replace an existing boot record
  -- COMMAND...             run images with this command; {image} stands for the
                            path (default: execute the image)
  --help                    show this text

The firmware gets FOTA_DIR, FOTA_SLOT and FOTA_TRIAL (1 or 0) in its
environment. It requests a reset by exiting with 85. On any other exit of
confirmed firmware, fota-boot exits with the same code.

fota-boot stops when its terminal closes (SIGHUP), unless it runs under nohup.
It detects nohup only in bash, zsh and ksh: use setsid in other shells.
`;

/** Signals that would end the launcher but not the firmware, which would then run unsupervised. */
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
    const sizeBytes = await installFirstImage(dir, values.install, values.force);
    log(`installed ${values.install} in slot 0 of ${dir} (${sizeBytes} bytes)`);
    return 0;
  }
  if (values.force) throw new UsageError("--force needs --install");
  if (positionals.length > 0 && !positionals.some((part) => part.includes("{image}"))) {
    throw new UsageError("the command after -- must contain {image}");
  }
  return await launch({
    dir,
    confirmWithinMs: seconds("--confirm-within", values["confirm-within"]),
    maxTrialBoots: count("--trial-boots", values["trial-boots"]),
    heartbeatMs: values.heartbeat === undefined ? undefined : seconds("--heartbeat", values.heartbeat),
    stopGraceMs: seconds("--stop-grace", values["stop-grace"]),
    command: positionals,
    log,
    onStop: (stop) => {
      // Many daemons reload their settings on SIGHUP. SIGTERM means stop to all of them.
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
 * Tells whether `nohup` started this process, so that it must survive its terminal. Node stops ignoring SIGHUP before
 * any script runs, so the only trace of nohup is `$_`, which bash, zsh and ksh set.
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

/** Longest time of an option: timers of Node count milliseconds in 31 bits. */
const SECONDS_MAX = 2_000_000;

/** Parses a number of seconds. Returns milliseconds. */
function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= SECONDS_MAX) return value * 1000;
  throw new UsageError(`${option} must be a number of seconds above 0, at most ${SECONDS_MAX}, not ${text}`);
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`${option} must be a whole number above 0, not ${text}`);
}

function log(line: string): void {
  console.error(`fota-boot: ${printable(line)}`);
}

process.exitCode = 70; // if the event loop runs empty before `main` ends, that must not look like success
main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    if (error instanceof UsageError) {
      log(`${error.message}; see fota-boot --help`);
      process.exitCode = 2;
    } else if (isFotaError(error)) {
      log(`${error.message} (${error.code})${error.hint === undefined ? "" : `; ${error.hint}`}`);
      process.exitCode = error.code === "USAGE" ? 2 : 1;
    } else if (error instanceof Error && "errno" in error && "syscall" in error) {
      log(error.message); // the system refused a file, a folder or a command: not a bug in fota-boot
      process.exitCode = 1;
    } else {
      console.error(printableLines(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      process.exitCode = 70;
    }
  },
);
