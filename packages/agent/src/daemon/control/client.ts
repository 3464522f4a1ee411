import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { FotaError, type UpdateReport } from "@fota/shared";
import { isLocked, withSocketPath } from "../../boot/socket-lock.js";
import { errnoOf } from "../../boot/storage-error.js";
import { ByteReader } from "./line.js";
import { type ControlAnswer, type ControlRequest, DAEMON_LOCK, errorOf, SOCKET } from "./protocol.js";

/** Longest time without an answer from the daemon. An install reads the image back, which may take long. */
const SILENCE_LIMIT_MS: Readonly<Record<ControlRequest["command"], number>> = {
  status: 15_000,
  confirm: 60_000,
  revert: 60_000,
  install: 30 * 60_000,
};

/**
 * Connects to the daemon of the state folder. Returns `undefined` if none runs.
 * @throws {FotaError} STATE_ACCESS if this user may not use its socket; DEVICE_BUSY if it runs and does not listen
 */
export async function connectToDaemon(stateDir: string): Promise<Socket | undefined> {
  try {
    return await withSocketPath(stateDir, SOCKET, async (path) => {
      const socket = connect(path);
      await once(socket, "connect");
      return socket;
    });
  } catch (cause) {
    if (!["EACCES", "EPERM"].includes(errnoOf(cause) ?? "")) {
      await refuseIfLocked(stateDir);
      return undefined;
    }
    throw new FotaError("STATE_ACCESS", `no permission to use ${stateDir}`, {
      cause,
      hint: "run the command as root, or as the user of fota-agent",
    });
  }
}

/** Without its socket, a daemon that runs shows only by its lock. */
async function refuseIfLocked(stateDir: string): Promise<void> {
  if (!(await isLocked(stateDir, DAEMON_LOCK).catch(() => false))) return;
  throw new FotaError("DEVICE_BUSY", `fota-agent runs, but does not listen at ${join(stateDir, SOCKET)}`, {
    hint: "run the command again after a few seconds; if it fails again, look at the log of fota-agent",
  });
}

/**
 * Sends a request, with the bytes of the image for `install`, and returns the result of the daemon.
 * @throws {FotaError} the error of the daemon; RESPONSE_INVALID if it ends before it has answered
 */
export async function askDaemon(
  socket: Socket,
  request: ControlRequest,
  {
    image,
    onProgress,
  }: { image?: AsyncIterable<Uint8Array>; onProgress?: (report: UpdateReport) => void } = {},
): Promise<unknown> {
  socket.on("error", () => {}); // the reader reports it
  socket.setTimeout(SILENCE_LIMIT_MS[request.command], () => socket.destroy());
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const sending = image === undefined ? Promise.resolve() : send(socket, image);
    const reader = new ByteReader(socket as AsyncIterable<Uint8Array>);
    for (;;) {
      const line = await reader.line().catch(() => undefined);
      if (line === undefined) {
        await sending; // an error of the image explains more
        throw new FotaError("RESPONSE_INVALID", "fota-agent ended, or did not answer in time", {
          hint: "look at its log, then run `fota-agent status`",
        });
      }
      const answer = JSON.parse(line) as ControlAnswer;
      if ("progress" in answer) onProgress?.(answer.progress);
      else if ("error" in answer) throw errorOf(answer.error);
      else return answer.result;
    }
  } finally {
    socket.destroy();
  }
}

/** Sends the image. Stops when the daemon has closed the connection; rejects if the image cannot be read. */
async function send(socket: Socket, image: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of image) {
    if (socket.destroyed) return;
    if (!socket.write(piece)) await drained(socket);
  }
}

/** Resolves when the socket takes more, or has closed. */
async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
    if (socket.destroyed) done();
  });
}
