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
  /** As a shell gives it: 128 + signal where a signal ended it, 126 where it could not be started. */
  exitCode: number;
  /** For people: `exit 1`, `SIGKILL`, or why it did not start. */
  how: string;
}

export interface Firmware {
  /** `undefined` where it could not be started. */
  pid: number | undefined;
  ended: Promise<FirmwareEnd>;
  /** Asks it to end with `signal`; kills it, and all it started, when it has not after `graceMs`. */
  stop(signal: NodeJS.Signals, graceMs: number): void;
  /** Calls back for each heartbeat: bytes on the pipe that `heartbeat` asked for. */
  onHeartbeat(beat: () => void): void;
}

export interface FirmwareStart {
  argv: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  /** Whether it gets a pipe for its heartbeats. */
  heartbeat: boolean;
  /** Control group to start it in, where there is one. */
  group: FirmwareGroup | undefined;
}

/**
 * Starts a firmware in its own session, process group and control group, with the launcher's streams. When it ends, its
 * process group is killed at once; what has left that is for `endLeftOvers`.
 */
export function startFirmware({ argv, env, heartbeat, group }: FirmwareStart): Firmware {
  const [file, ...args] = argv;
  const stdio = ["inherit", "inherit", "inherit", ...(heartbeat ? ["pipe" as const] : [])] as const;
  const leave = enter(group);
  const child = spawn(file, args, { env, stdio: [...stdio], detached: true }); // has started it when it returns
  leave?.();
  const pipe = child.stdio[HEARTBEAT_PIPE];
  pipe?.on("error", () => {});
  const killNow = () => {
    if (child.pid !== undefined) signalProcess(-child.pid, "SIGKILL");
  };
  process.once("exit", killNow); // a launcher that fails leaves no firmware behind that nobody watches
  let killTimer: NodeJS.Timeout | undefined;
  const ended = new Promise<FirmwareEnd>((resolve) => {
    child.once("error", (error) => {
      if (child.pid === undefined) {
        resolve({ kind: "exited", exitCode: 126, how: `not started: ${messageOf(error)}` });
      }
    });
    child.once("exit", (code, signal) => {
      clearTimeout(killTimer);
      pipe?.destroy(); // a process that has left the group may hold the other end
      process.off("exit", killNow);
      killNow();
      resolve(endOf(code, signal));
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

/** A group that cannot be entered any more is no reason not to boot. */
function enter(group: FirmwareGroup | undefined): (() => void) | undefined {
  try {
    return group && enterGroup(group);
  } catch {
    return undefined;
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): FirmwareEnd {
  if (signal !== null) return { kind: "exited", exitCode: 128 + constants.signals[signal], how: signal };
  const exitCode = code ?? 1;
  return { kind: exitCode === RESET_EXIT_CODE ? "reset" : "exited", exitCode, how: `exit ${exitCode}` };
}
