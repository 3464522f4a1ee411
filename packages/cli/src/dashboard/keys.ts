import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Holds the secrets of one run of the dashboard. */
export interface DashboardKeys {
  /** Opens the dashboard when it is in the URL, and /metrics also as a bearer token. */
  readonly token: string;
  /** Is in the cookie that a browser gets for the token. The cookie never holds the token itself. */
  readonly session: string;
  isToken(text: string): boolean;
  isSession(text: string): boolean;
  /** Makes a key that opens the dashboard once: other users of the machine see the command line of a browser. */
  issueTicket(): string;
  /** Returns whether `text` is an unused ticket, and uses it up. */
  useTicket(text: string): boolean;
}

/** @param token by default 256 random bits, as the other keys, which end with the process */
export function createKeys(token = randomKey()): DashboardKeys {
  const session = randomKey();
  const tickets = new Set<string>();
  return {
    token,
    session,
    isToken: (text) => isSame(text, token),
    isSession: (text) => isSame(text, session),
    issueTicket() {
      const ticket = randomKey();
      tickets.add(ticket);
      return ticket;
    },
    useTicket: (text) => tickets.delete(text),
  };
}

function randomKey(): string {
  return randomBytes(32).toString("base64url");
}

/** Compares in a time that does not depend on where the texts differ. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
