import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Ports that Linux does not give to a connection or to `listen(0)` (ip(7), ip_local_port_range). A port of that range
 * may belong to another test as soon as it is free.
 */
const [LOWEST, BEHIND_HIGHEST] = [15_000, 32_000];

/** Returns a port of 127.0.0.1 that is free, and stays free between two servers of a test. */
export async function keptPort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, BEHIND_HIGHEST);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue; // in use
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
