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
      hint: "stop the program that uses it, or choose another port; `fota local --ports auto` takes free ones",
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
