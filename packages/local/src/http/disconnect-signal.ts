import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";

const signals = new WeakMap<Socket, AbortSignal>();

/**
 * Returns a signal that aborts when the client of a connection has disconnected. The answers of the connection do not tell
 * that: one that waits for an earlier one emits nothing.
 */
export function disconnectSignal(socket: Socket): AbortSignal {
  const known = signals.get(socket);
  if (known !== undefined) return known;
  const disconnected = new AbortController();
  setMaxListeners(0, disconnected.signal); // one for each request that the client sent without waiting for an answer
  if (socket.destroyed) disconnected.abort();
  else socket.once("close", () => disconnected.abort());
  signals.set(socket, disconnected.signal);
  return disconnected.signal;
}
