import type { Server } from "node:tls";

/** About 2 KiB each. OpenSSL itself refuses those older than 5 minutes, the default of Node.js's `sessionTimeout`. */
const KEPT_SESSIONS_MAX = 1_000;

/**
 * Lets clients of TLS 1.2 resume the last 1,000 sessions of `server` by their ids, until the process ends. TLS 1.3 always
 * takes a whole handshake: Node.js does not tell which session such a client asks for.
 */
export function keepTlsSessions(server: Server): void {
  const sessions = new Map<string, Buffer>();
  server.on("newSession", (sessionId: Buffer, session: Buffer, done: () => void) => {
    if (isOfTls12(session)) {
      sessions.set(sessionId.toString("latin1"), session);
      if (sessions.size > KEPT_SESSIONS_MAX) sessions.delete(sessions.keys().next().value as string);
    }
    done();
  });
  server.on("resumeSession", (sessionId: Buffer, done: (error: null, session: Buffer | null) => void) => {
    done(null, sessions.get(sessionId.toString("latin1")) ?? null);
  });
}

const TLS_1_2 = Buffer.from([0x02, 0x02, 0x03, 0x03]);
/** After the header of the SEQUENCE, of 4 bytes, and the version of the format, of 3 bytes. */
const TLS_VERSION_AT = 7;

/** OpenSSL's SSL_SESSION in DER begins with two integers: the version of the format, and that of TLS. */
function isOfTls12(session: Buffer): boolean {
  return session.subarray(TLS_VERSION_AT, TLS_VERSION_AT + TLS_1_2.length).equals(TLS_1_2);
}
