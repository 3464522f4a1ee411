import type { AddressInfo, Server } from "node:net";
import { FotaError } from "@fota/shared";

/** A server that accepts connections. */
export interface Listening {
  port: number;
  /** Closes the server and all its connections; resolves when they are closed. */
  close(): Promise<void>;
}

/**
 * Makes `server` listen; port 0 selects a free port.
 *
 * @throws {FotaError} PORT_IN_USE; USAGE for an address of another machine, and for a port that needs root
 */
export async function listen(server: Server, host: string, port: number): Promise<Listening> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  }).catch((error: NodeJS.ErrnoException) => {
    throw explainRefusal(error, host, port);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function explainRefusal(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new FotaError("PORT_IN_USE", `port ${port} on ${host} is in use`, {
        hint: "stop the program that uses it, or choose another port; `fota local --ports auto` takes free ones",
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "EINVAL": // a link-local address
      return new FotaError("USAGE", `cannot listen on ${host}: it is not an address of this machine`, {
        hint: "use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses",
        cause: error,
      });
    case "EACCES":
      return new FotaError("USAGE", `this user may not listen on port ${port}`, {
        hint: "choose a port from 1024 on; `fota local --ports auto` takes free ones",
        cause: error,
      });
    default:
      return error;
  }
}
