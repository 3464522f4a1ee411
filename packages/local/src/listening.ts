import type { AddressInfo, Server } from "node:net";
import { FotaError } from "@fota/shared";

/** A server that takes connections. */
export interface Listening {
  port: number;
  /** Closes the server and every connection it has; resolves when all are gone. */
  close(): Promise<void>;
}

/**
 * Makes `server` listen; port 0 takes a free one.
 *
 * @throws {FotaError} PORT_IN_USE
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
    if (error.code !== "EADDRINUSE") throw error;
    throw new FotaError("PORT_IN_USE", `port ${port} on ${host} is in use`, {
      hint: "stop what listens there, or give another port (0 takes a free one)",
      cause: error,
    });
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
