import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Host } from "../host.js";
import { canRedraw } from "./size.js";
import { neutralize, outputFailed } from "./text.js";

/** Takes a long result piece by piece: memory holds only what the reader has not read yet. */
export interface Sink {
  /** Resolves when the reader accepts more; with false when the reader has gone. */
  write(text: string): Promise<boolean>;
  /** Resolves when the reader has everything and a pager was closed. */
  close(): Promise<void>;
}

type SinkHost = Pick<Host, "env" | "stdin" | "stdout" | "signal">;

/**
 * Opens stdout; on a terminal with `paged`, through the pager in `FOTA_PAGER` or `PAGER`, else less. Uses no pager
 * where no user can close it, as in a CI service with terminals, or where it could not page.
 * @throws {FotaError} OUTPUT_FAILED, from `write` too
 */
export async function openSink(host: SinkHost, { paged }: { paged: boolean }): Promise<Sink> {
  const isRead = canRedraw(host.stdout, host.env) && host.stdin.isTTY === true && !host.env["CI"];
  const pager = paged && isRead ? await openPager(host) : undefined;
  return pager ?? sinkOf(host.stdout, host.signal, async () => {});
}

/** Returns the words of the pager's command line; none means no pager. */
export function pagerCommand(env: Host["env"]): string[] {
  const wanted = env["FOTA_PAGER"] ?? env["PAGER"] ?? "less";
  const words = wanted.split(/\s+/).filter((word) => word !== "");
  return words[0] === "cat" ? [] : words;
}

/** Returns `undefined` if there is no pager, or if stdout is not a terminal that a child process can use. */
async function openPager({ env, stdout, signal }: SinkHost): Promise<Sink | undefined> {
  const [command, ...args] = pagerCommand(env);
  if (command === undefined || stdout !== process.stdout) return undefined;
  // Make less quit at once if the text fits the screen, show colors, and leave the text on the screen.
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
  child.stdin.on("error", () => {}); // the user quit the pager early: `write` reports it
  return sinkOf(child.stdin, signal, async () => {
    child.stdin.end();
    await closed;
  });
}

/** Writes and returns whether the stream accepts more at once. */
function writeTo(stream: NodeJS.WritableStream, text: string): boolean {
  try {
    return stream.write(text);
  } catch (cause) {
    throw outputFailed(cause); // writing to a file on a full disk throws from the call itself
  }
}

function sinkOf(stream: NodeJS.WritableStream, signal: AbortSignal, close: () => Promise<void>): Sink {
  let gone = false;
  stream.once("close", () => {
    gone = true;
  });
  return {
    async write(text) {
      if (gone || writeTo(stream, neutralize(text))) return !gone;
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
