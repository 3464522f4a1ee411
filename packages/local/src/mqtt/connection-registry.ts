import type { Access } from "../policies/access.js";
import { type Connection, type ConnectionOptions, openConnection, type Wire } from "./connection.js";

/** Takes in clients, from whichever transport they come. */
export interface ConnectionRegistry {
  /** Speaks MQTT with a client. The transport passes on what comes, and that the bytes have ended. */
  accept(wire: Wire, access: Access): Connection;
  /** Ends the connections whose clients may not stay connected any more. */
  recheck(): void;
  /** Ends all connections: the stand-in stops. */
  shutDown(): void;
}

export function createConnectionRegistry(options: Omit<ConnectionOptions, "access">): ConnectionRegistry {
  const connections = new Set<Connection>();
  return {
    accept(wire, access) {
      const connection = openConnection(wire, { ...options, access });
      connections.add(connection);
      return {
        ...connection,
        lost: () => {
          connections.delete(connection);
          connection.lost();
        },
      };
    },
    recheck: () => {
      for (const connection of connections) connection.recheck();
    },
    shutDown: () => {
      for (const connection of connections) connection.shutDown();
    },
  };
}
