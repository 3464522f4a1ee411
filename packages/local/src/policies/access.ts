import type { Permissions } from "./permissions.js";

/** What policies look at in a CONNECT. */
interface ConnectRequest {
  clientId: string;
  sessionExpirySeconds: number;
  /** The last will, if it has one. */
  will?: unknown;
}

/** Who is at the other end of a connection, and what it may do. */
export interface Access {
  readonly certificateId?: string | undefined;
  readonly sourceIp?: string | undefined;
  /** Why the client may not connect, or stay connected; `undefined`: it may. */
  refusal(): string | undefined;
  /** What it may do under these terms. */
  permissions(terms: ConnectRequest): Permissions;
}
