import type { Server, Socket } from "node:net";

/**
 * Makes the sockets of `server` keep their peer's address: a socket that is closed tells it only if it was asked for
 * while it was open.
 */
export function rememberPeers(server: Server): void {
  server.prependListener("connection", (socket: Socket) => addressOf(socket));
}

/** The address of the other end for people, also of a connection that is closed by now. */
export function peerOf(socket: Socket): string {
  // A TLS socket whose handshake failed is closed when that is told; the one below it still knows, see above.
  const below = (socket as { _parent?: Socket | null })._parent ?? undefined;
  return addressOf(socket) ?? (below && addressOf(below)) ?? "an unknown address";
}

function addressOf({ remoteAddress, remotePort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
