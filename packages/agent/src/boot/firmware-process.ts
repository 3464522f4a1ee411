import { spawn } from "node:child_process";
import { constants } from "node:os";
import { messageOf } from "@fota/shared";
import { enterGroup, type FirmwareGroup } from "./control-group.js";
import { HEARTBEAT_PIPE } from "./heartbeat.js";
import { signalProcess } from "./processes.js";
import { RESET_EXIT_CODE } from "./reset.js";

/** How a firmware ended. */
export interface FirmwareEnd {
  kind: "reset" | "exited";
  /** The exit code as a shell reports it: 128 + signal after a signal, 126 if the firmware could not be started. */
  exitCode: number;
  /** Text for people: `exit 1`, `SIGKILL`, or why it could not be started. */
  description: string;
}

export interface Firmware {
  /** `undefined` if it could not be started. */
  pid: number | undefined;
  ended: Promise<FirmwareEnd>;
  /** Sends `signal` to its process group, and SIGKILL if it still runs after `graceMs`. */
  stop(signal: NodeJS.Signals, graceMs: number): void;
  /** Calls `beat` for each heartbeat. Never calls it if the firmware was started without `heartbeat`. */
  onHeartbeat(beat: () => void): void;
}

export interface FirmwareStart {
  argv: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  /** Gives it a pipe for heartbeats. */
  heartbeat: boolean;
  /** Control group to start it in, if the system has control groups. */
  group: FirmwareGroup | undefined;
}

/**
 * Starts a firmware in its own session, process group and control group, with the launcher's streams. When it ends, its
 * process group is killed at once. Processes that left the group are up to `killLeftovers`.
 */
export function startFirmware({ argv, env, heartbeat, group }: FirmwareStart): Firmware {
  const [file, ...args] = argv;
  const stdio = ["inherit", "inherit", "inherit", ...(heartbeat ? ["pipe" as const] : [])] as const;
  const leave = enter(group);
  const child = spawn(file, args, { env, stdio: [...stdio], detached: true }); // the child runs when it returns
  leave?.();
  const pipe = child.stdio[HEARTBEAT_PIPE];
  pipe?.on("error", () => {});
  const killNow = () => {
    if (child.pid !== undefined) signalProcess(-child.pid, "SIGKILL");
  };
  process.once("exit", killNow); // if the launcher fails, no firmware keeps running unsupervised
  let killTimer: NodeJS.Timeout | undefined;
  const ended = new Promise<FirmwareEnd>((resolve) => {
    child.once("error", (error) => {
      if (child.pid === undefined) {
        resolve({ kind: "exited", exitCode: 126, description: `not started: ${messageOf(error)}` });
      }
    });
    child.once("exit", (code, signal) => {
      clearTimeout(killTimer);
      pipe?.destroy(); // a process that has left the group may hold the other end
      process.off("exit", killNow);
      killNow();
      resolve(toFirmwareEnd(code, signal));
    });
  });
  return {
    pid: child.pid,
    ended,
    stop(signal, graceMs) {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      signalProcess(-pid, signal);
      killTimer ??= setTimeout(() => signalProcess(-pid, "SIGKILL"), graceMs);
    },
    onHeartbeat: (beat) => pipe?.on("data", beat),
  };
}

/** Enters the group if possible: a group that cannot be entered must not keep the device from booting. */
function enter(group: FirmwareGroup | undefined): (() => void) | undefined {
  try {
    return group && enterGroup(group);
  } catch {
    return undefined;
  }
}

function toFirmwareEnd(code: number | null, signal: NodeJS.Signals | null): FirmwareEnd {
  if (signal !== null)
    return { kind: "exited", exitCode: 128 + constants.signals[signal], description: signal };
  const exitCode = code ?? 1;
  const kind = exitCode === RESET_EXIT_CODE ? "reset" : "exited";
  return { kind, exitCode, description: `exit ${exitCode}` };
}
