import type { Server, Socket } from "node:net";

/**
 * Makes the sockets of `server` remember their peer's address: a closed socket knows it only if it was read while the
 * socket was open.
 */
export function rememberPeers(server: Server): void {
  server.prependListener("connection", (socket: Socket) => formatAddress(socket));
}

/** Returns the address of the other end for log lines, also if the connection is closed. */
export function describePeer(socket: Socket): string {
  // After a failed handshake the TLS socket is already closed, but the TCP socket below it remembers the address.
  const rawSocket = (socket as { _parent?: Socket | null })._parent ?? undefined;
  return formatAddress(socket) ?? (rawSocket && formatAddress(rawSocket)) ?? "an unknown address";
}

function formatAddress({ remoteAddress, remotePort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
