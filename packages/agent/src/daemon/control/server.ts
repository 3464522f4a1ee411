import { lstat, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import * as v from "valibot";
import { setAside } from "../../boot/durable-files.js";
import { withSocketPath } from "../../boot/socket-lock.js";
import { storageError } from "../../boot/storage-error.js";
import type { Log } from "../../core/ports.js";
import { ByteReader } from "./line.js";
import {
  type ControlAnswer,
  type ControlRequest,
  errorAnswer,
  nameOf,
  requestSchema,
  SOCKET,
} from "./protocol.js";

/** What the daemon does for a request. */
export interface ControlWork {
  result: unknown;
  /** Called after the answer has been sent, as a restart may end this process. Never rejects. */
  after?: (() => Promise<void>) | undefined;
}

export type ControlHandler = (
  request: ControlRequest,
  body: AsyncIterable<Uint8Array>,
  onProgress: (report: UpdateReport) => void,
) => Promise<ControlWork>;

/** Longest time between two pieces of a request. */
const SILENCE_LIMIT_MS = 60_000;
/** A umask that leaves a socket to its owner. */
const PRIVATE = 0o177;
/** Time until it tries again to listen, after a failure. */
const RETRY_MS = 10_000;

/**
 * Listens on a socket in the state folder, which only the user of the daemon and root can use. Call it while the folder is
 * locked: it replaces the socket of an earlier daemon. Returns a function that closes it. Without a socket, as on a
 * read-only disk, the daemon works on and tries again every `retryMs`; the commands then say that it does not answer.
 */
export async function listenForCommands(
  stateDir: string,
  handler: ControlHandler,
  log: Log,
  retryMs = RETRY_MS,
): Promise<() => void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setTimeout(SILENCE_LIMIT_MS, () => socket.destroy());
    socket.on("error", () => {}); // the command has ended
    socket.once("close", () => sockets.delete(socket));
    void serve(socket, handler, log);
  });
  let isClosed = false;
  const open = async (lastProblem: string): Promise<void> => {
    if (isClosed) return;
    try {
      await openSocket(server, stateDir);
      server.unref();
      if (isClosed) server.close();
      else if (lastProblem !== "") log("info", "listening for commands");
    } catch (error) {
      const problem = problemOf(error, stateDir);
      if (problem !== lastProblem) log("warn", problem);
      setTimeout(() => void open(problem), retryMs).unref();
    }
  };
  await open("");
  return () => {
    isClosed = true;
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}

/** Replaces what is left of an earlier daemon, and listens. */
async function openSocket(server: Server, stateDir: string): Promise<void> {
  const path = join(stateDir, SOCKET);
  if ((await lstat(path).catch(() => undefined))?.isDirectory()) await setAside(path);
  await rm(path, { force: true });
  await withSocketPath(stateDir, SOCKET, (short) => listening(server, short));
}

function problemOf(error: unknown, stateDir: string): string {
  const what = "cannot listen for fota-agent status, confirm, revert and install";
  const { message, hint } = storageError("STATE_ACCESS", what, stateDir, error);
  return hint === undefined ? message : `${message}; ${hint}`;
}

async function listening(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const umask = process.umask(PRIVATE); // `listen` makes the socket before it returns
    try {
      server.listen(path, () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

async function serve(socket: Socket, handler: ControlHandler, log: Log): Promise<void> {
  const send = (answer: ControlAnswer) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
  };
  let after: ControlWork["after"];
  try {
    const reader = new ByteReader(socket as AsyncIterable<Uint8Array>);
    const line = await reader.line();
    if (line === undefined) return;
    const request = v.parse(requestSchema, JSON.parse(line));
    const isLogged = request.command !== "status";
    if (isLogged) log("info", `command: ${nameOf(request)}`);
    const received = () => void socket.setTimeout(0); // the work itself may take longer
    const body = bodyOf(reader, request.command === "install" ? request.sizeBytes : 0, received);
    if (request.command !== "install") received();
    const work = await handler(request, body, (progress) => send({ progress })).catch((error: unknown) => {
      const code = isFotaError(error) ? ` (${error.code})` : "";
      if (isLogged) log("warn", `command ${request.command} failed: ${messageOf(error)}${code}`);
      throw error;
    });
    after = work.after;
    send({ result: work.result });
  } catch (error) {
    send(errorAnswer(error));
  }
  await new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.end(resolve)));
  await after?.();
}

/** Yields what follows the request, and then calls `received`. */
async function* bodyOf(
  reader: ByteReader,
  sizeBytes: number,
  received: () => void,
): AsyncGenerator<Uint8Array> {
  yield* reader.bytes(sizeBytes);
  received();
}
