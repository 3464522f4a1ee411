import { setMaxListeners } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FotaError, openFilesLimit, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { limiter, mapAtOnce } from "../at-once.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { given } from "../given.js";
import { checkModel, checkVersion } from "../job/job-spec.js";
import { parseDurationSeconds } from "../settings/flags.js";
import type { Progress } from "../terminal/output.js";
import { connectionsOf, isOnThisMachine } from "./connection.js";
import { runFleet } from "./fleet.js";
import { checkOpenFiles } from "./open-files.js";
import { ReusedBuffers } from "./reused-buffers.js";
import { displayEvents } from "./show-events.js";
import type { TrialFailure } from "./trial-failure.js";

/** Holds the options of `fota device`, as commander names them. */
export interface DeviceOptions {
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
  inventory?: boolean;
}

/** Limits the handshakes at once: more would time out, because the stand-in is one process. */
const CONNECTING_AT_ONCE = 32;
/** Limits the updates at once: more would not end sooner, and each takes memory and open files. */
const WORKING_AT_ONCE = 16;
/** Locks the folder of each device for at most this many, and else that of the first: a lock takes an open file. */
const LOCKED_MAX = 1_000;

/**
 * Runs virtual devices until the command is interrupted; with `--dir`, the next run continues with their state.
 * @throws {FotaError} USAGE, TARGET_INVALID, LOCAL_NOT_RUNNING, CONFIG_INVALID and what the agent throws
 */
export async function runDevice(context: Context, options: DeviceOptions): Promise<ExitCode> {
  const { host, output } = context;
  const { thing, fail } = options;
  const things = thingsOf(thing, options.count);
  const longest = things.at(-1) ?? thing;
  if (longest.length > THING_NAME_MAX_LENGTH || !THING_NAME_PATTERN.test(longest)) {
    throw new FotaError("TARGET_INVALID", `${JSON.stringify(longest)} is not a valid thing name`, {
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
  const model = checkModel(options.model);
  const fwVersion = checkVersion(options.fwVersion, "--fw-version");
  setMaxListeners(0, host.signal); // requests of many devices listen to it at once; this is no leak
  const locks = things.length <= LOCKED_MAX ? things.length : 1;
  const files = { devices: things.length, locks, updates: 2 * WORKING_AT_ONCE };
  checkOpenFiles(files, await openFilesLimit(readFile));
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
  const display = displayEvents(output, things);
  const turns = {
    connect: limiter(CONNECTING_AT_ONCE),
    work: limiter(WORKING_AT_ONCE),
    trial: limiter(WORKING_AT_ONCE),
  };
  const buffers = new ReusedBuffers();
  await runFleet(
    devices.map(({ name, dir }) => ({
      dir,
      lock: locks === things.length || name === things[0],
      connection: connections.of(name, dir),
      confirmWithinMs: confirmWithinSeconds * 1000,
      allowLoopbackHttp: context.settings.local || isOnThisMachine(options.mqtt),
      inventory: context.settings.local || options.inventory === true,
      turns,
      buffers,
      ...given({ model, fwVersion, fail }),
      onEvent: display.of(name),
    })),
    host.signal,
  ).finally(() => {
    display.close();
    connections.close();
  });
  output.note("stopped");
  return EXIT.done;
}

/** Returns the thing names. @throws {FotaError} USAGE */
function thingsOf(thing: string, count: string | undefined): string[] {
  if (count === undefined) return [thing];
  if (/^[1-9]\d{0,5}$/.test(count)) {
    return Array.from({ length: Number(count) }, (_, i) => `${thing}-${i + 1}`);
  }
  throw new FotaError("USAGE", `--count must be a number from 1 up, got ${JSON.stringify(count)}`, {
    hint: "give how many devices to run, such as --count 40",
  });
}

/** Returns a function that reports how many certificates exist: live, or elsewhere a line for each tenth. */
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
