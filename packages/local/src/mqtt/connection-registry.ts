import type { Access } from "../policies/access.js";
import { Connection, type ConnectionOptions, type Wire } from "./connection.js";

/** The receiving end of a transport. */
export interface Receiver {
  receive(chunk: Buffer): void;
  /** Tells the connection that its transport has closed. Safe to call twice. */
  closed(): void;
}

/** Accepts clients of all transports and manages their connections. */
export interface ConnectionRegistry {
  /** Opens a connection. The transport must pass received bytes to it, and call `closed` when they end. */
  accept(wire: Wire, access: Access): Receiver;
  /** Ends the connections of clients that may no longer be connected. */
  recheck(): void;
  /** Ends all connections because the stand-in stops. */
  shutDown(): void;
}

export function createConnectionRegistry(options: Omit<ConnectionOptions, "forget">): ConnectionRegistry {
  const connections = new Set<Connection>();
  const shared: ConnectionOptions = {
    ...options,
    forget: (connection) => connections.delete(connection),
  };
  return {
    accept(wire, access) {
      const connection = new Connection(wire, access, shared);
      connections.add(connection);
      return connection;
    },
    recheck: () => {
      for (const connection of connections) connection.recheck();
    },
    shutDown: () => {
      for (const connection of connections) connection.shutDown();
    },
  };
}
