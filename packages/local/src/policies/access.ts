import type { Permissions } from "./permissions.js";

/** The parts of a CONNECT that policies check. */
interface ConnectRequest {
  clientId: string;
  sessionExpirySeconds: number;
  /** The last will; absent if it has none. */
  will?: unknown;
}

/** The identity of a connected client, and what it may do. */
export interface Access {
  readonly certificateId?: string | undefined;
  readonly sourceIp?: string | undefined;
  /** Returns why the client may not connect or stay connected; `undefined` if it may. */
  refusal(): string | undefined;
  /** Returns what the client may do after this CONNECT. */
  permissions(terms: ConnectRequest): Permissions;
}
