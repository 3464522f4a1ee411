import { join } from "node:path";

/** Returns the path of a certificate or key of the tests. */
export function tlsFile(name) {
  return join(import.meta.dirname, `../packages/agent/test/fixtures/tls/${name}.pem`);
}
