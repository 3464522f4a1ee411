import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

/** A process that a test has started, with its output. */
export interface WatchedProcess {
  process: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves when a line matches. Rejects with the output if the process ends first. */
  says(pattern: RegExp): Promise<string>;
  /** Resolves when there are `count` lines, or the process has ended. */
  said(count: number): Promise<unknown>;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
  output(): string;
}

/** Collects the output of a process. */
export function watchProcess(child: ChildProcessByStdio<null, Readable, Readable>): WatchedProcess {
  let text = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      text += piece.toString();
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, "close").then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
  );
  return {
    process: child,
    ended,
    output: () => text,
    said: (count) => {
      const enough = new Promise<void>((resolve) => {
        const look = () => {
          if (text.split("\n").length <= count) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
      return Promise.race([enough, ended]);
    },
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = text.split("\n").find((candidate) => pattern.test(candidate));
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}:\n${text}`)));
      }),
  };
}

/** Kills each process, waits for its end, and empties the list. */
export async function killAll(processes: WatchedProcess[]): Promise<void> {
  for (const { process, ended } of processes.splice(0)) {
    process.kill("SIGKILL");
    await ended;
  }
}
