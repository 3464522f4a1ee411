import { codeOf } from "../error-code.js";
import type { LockTools } from "./lock-tools.js";
import type { Place } from "./places.js";
import { withSocketPath } from "./socket-path.js";

/** The claim of another process, if that process still runs. */
export interface Other {
  id: string;
  path: string;
  /** Resolves to whether a process listens on the socket. */
  alive: Promise<boolean>;
  /** Resolves to whether the process holds the lock, as soon as it has decided. */
  holds: Promise<boolean>;
}

/**
 * A process decides within milliseconds. One that does not answer for this long may be stopped, and counts as holder.
 */
const ANSWER_LIMIT_MS = 10_000;
/** Delay before a claim that closed the connection is asked again. */
const ASK_AGAIN_MS = 20;
/** Age from which a socket that never became a claim is known to belong to a killed process. */
const ASIDE_MAX_AGE_MS = 60_000;

/** Finds the claims in `places` by users that may hold the lock, except `own`. Removes dead ones. */
export async function findOthers(
  places: readonly Place[],
  own: string | undefined,
  tools: LockTools,
): Promise<Other[]> {
  const { lstat, readdir, stat } = tools.fs.promises;
  const others: Other[] = [];
  for (const { folder, prefix } of places) {
    const names = await readdir(folder).catch(() => []);
    const owner = (await stat(folder).catch(() => undefined))?.uid;
    const users = new Set([owner, 0, tools.process.geteuid?.()]);
    for (const name of names) {
      const [, id, kind] = /^([0-9a-f]{16})\.(lock|new)$/.exec(name.slice(prefix.length)) ?? [];
      if (!name.startsWith(prefix) || id === undefined || id === own) continue;
      const found = await lstat(tools.path.join(folder, name)).catch(() => undefined);
      if (!found?.isSocket() || !users.has(found.uid)) continue;
      if (kind === "lock") others.push(ask(folder, name, id, tools));
      else if (Date.now() - found.mtimeMs > ASIDE_MAX_AGE_MS) ask(folder, name, id, tools);
    }
  }
  return others;
}

function ask(folder: string, name: string, id: string, tools: LockTools): Other {
  const { fs, performance } = tools;
  const path = tools.path.join(folder, name);
  let resolveAlive: (alive: boolean) => void = () => {};
  const alive = new Promise<boolean>((resolve) => {
    resolveAlive = resolve;
  });
  const askUntilDecided = async (): Promise<boolean> => {
    const limit = performance.now() + ANSWER_LIMIT_MS;
    while (performance.now() < limit) {
      const limitMs = limit - performance.now();
      const answer = await withSocketPath(folder, name, tools, (short) =>
        askOnce(short, limitMs, tools, () => resolveAlive(true)),
      ).catch((error: unknown): Answer => (codeOf(error) === "ENOENT" ? "gone" : "held"));
      if (answer === "held") return true;
      if (answer === "dead") await fs.promises.rm(path, { force: true }).catch(() => {});
      if (answer === "dead" || answer === "gone") return false;
      // It withdrew, ended, or has no free descriptor.
      await new Promise<void>((resolve) => void tools.setTimeout(resolve, ASK_AGAIN_MS));
    }
    return true;
  };
  const holds = askUntilDecided().finally(() => resolveAlive(false));
  return { id, path, alive, holds };
}

type Answer = "held" | "hung up" | "dead" | "gone";

/**
 * Asks with one connection. Without a clear answer (no permission, a full queue, a timeout), the lock counts as held.
 */
function askOnce(path: string, limitMs: number, tools: LockTools, onConnect: () => void): Promise<Answer> {
  return new Promise<Answer>((resolve) => {
    const socket = tools.net.connect(path);
    const timer = tools.setTimeout(() => end("held"), limitMs);
    const end = (answer: Answer) => {
      tools.clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", onConnect);
    socket.once("data", () => end("held"));
    socket.once("close", () => end("hung up"));
    socket.once("error", (error) => {
      const code = codeOf(error);
      if (code === "ECONNREFUSED") end("dead");
      else if (code === "ENOENT") end("gone");
      else end(code === "ECONNRESET" || code === "EPIPE" ? "hung up" : "held");
    });
  });
}
