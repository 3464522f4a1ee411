import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Host } from "../host.js";
import { canRedraw } from "./size.js";
import { neutralize, outputFailed } from "./text.js";

/** Where a long result goes piece by piece: no more of it is held than its reader is behind. */
export interface Sink {
  /** Resolves when the reader takes more; false when it has gone. */
  write(text: string): Promise<boolean>;
  /** Resolves when the reader has all of it, and a pager has been left. */
  close(): Promise<void>;
}

type SinkHost = Pick<Host, "env" | "stdin" | "stdout" | "signal">;

/**
 * Stdout; where it is a terminal and `paged` the pager, `FOTA_PAGER`, `PAGER` or less, in front of it. No pager where
 * nobody is there to leave it, as in a build service that has terminals, or where it could not page.
 * @throws {FotaError} OUTPUT_FAILED, from `write` too
 */
export async function openSink(host: SinkHost, { paged }: { paged: boolean }): Promise<Sink> {
  const isRead = canRedraw(host.stdout, host.env) && host.stdin.isTTY === true && !host.env["CI"];
  const pager = paged && isRead ? await openPager(host) : undefined;
  return pager ?? sinkOf(host.stdout, host.signal, async () => {});
}

/** The words of the pager's command line; none: no pager. */
export function pagerCommand(env: Host["env"]): string[] {
  const wanted = env["FOTA_PAGER"] ?? env["PAGER"] ?? "less";
  const words = wanted.split(/\s+/).filter((word) => word !== "");
  return words[0] === "cat" ? [] : words;
}

/** `undefined` where there is none, or stdout is not a terminal that a program can be given. */
async function openPager({ env, stdout, signal }: SinkHost): Promise<Sink | undefined> {
  const [command, ...args] = pagerCommand(env);
  if (command === undefined || stdout !== process.stdout) return undefined;
  // less: leave at once what fits the screen, show colors, leave the text on the screen.
  const child = spawn(command, args, {
    env: { LESS: "FRX", LV: "-c", ...env },
    stdio: ["pipe", "inherit", "inherit"],
  });
  try {
    await once(child, "spawn");
  } catch {
    return undefined; // not installed
  }
  const closed = once(child, "close");
  const end = () => child.kill();
  signal.addEventListener("abort", end, { once: true });
  void closed.finally(() => signal.removeEventListener("abort", end));
  if (signal.aborted) end();
  child.stdin.on("error", () => {}); // left before the end: told by `write`
  return sinkOf(child.stdin, signal, async () => {
    child.stdin.end();
    await closed;
  });
}

/** Whether the stream takes more at once. */
function taken(stream: NodeJS.WritableStream, text: string): boolean {
  try {
    return stream.write(text);
  } catch (cause) {
    throw outputFailed(cause); // a file on a full disk refuses in the call
  }
}

function sinkOf(stream: NodeJS.WritableStream, signal: AbortSignal, close: () => Promise<void>): Sink {
  let gone = false;
  stream.once("close", () => {
    gone = true;
  });
  return {
    async write(text) {
      if (gone || taken(stream, neutralize(text))) return !gone;
      const waited = new AbortController();
      const events = { signal: AbortSignal.any([signal, waited.signal]) };
      try {
        await Promise.race(["drain", "close", "error"].map((event) => once(stream, event, events)));
      } catch {
        return false; // interrupted, or the reader has gone
      } finally {
        waited.abort();
      }
      return !gone;
    },
    close,
  };
}
