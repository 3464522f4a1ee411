import type { Access } from "../policies/access.js";
import { type Connection, type ConnectionOptions, openConnection, type Wire } from "./connection.js";

/** Accepts clients of all transports and manages their connections. */
export interface ConnectionRegistry {
  /** Opens a connection. The transport must pass received bytes to it, and call `closed` when they end. */
  accept(wire: Wire, access: Access): Connection;
  /** Ends the connections of clients that may no longer be connected. */
  recheck(): void;
  /** Ends all connections because the stand-in stops. */
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
        closed: () => {
          connections.delete(connection);
          connection.closed();
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
