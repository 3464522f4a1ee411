/** The S3 service alone behind a plain HTTP server, for tests. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { Clock } from "../src/clock.js";
import { createFaults, type Faults } from "../src/faults/faults.js";
import { createObjectStore, type ObjectStore } from "../src/s3/object-store.js";
import { s3Service } from "../src/s3/service.js";

export interface S3Host {
  dir: string;
  endpoint: string;
  port: number;
  store: ObjectStore;
  faults: Faults;
  /** Moves the service's clock relative to the real one. */
  offsetMs: number;
  client(config?: S3ClientConfig): S3Client;
  stop(): Promise<void>;
}

export const credentials = { accessKeyId: "test", secretAccessKey: "test" };

export async function startS3({ verifySignatures = false } = {}): Promise<S3Host> {
  const dir = await mkdtemp(join(tmpdir(), "fota-s3-"));
  const store = await createObjectStore({ dir });
  const clients: S3Client[] = [];
  const faults = createFaults();
  const clock: Clock = {
    nowMs: () => Date.now() + host.offsetMs,
    after: () => () => undefined,
  };
  const service = s3Service({
    store,
    clock,
    region: "us-east-1",
    credentials: [credentials],
    verifySignatures,
    faults,
  });
  const server = createServer((request, response) => {
    void service(request, response, { requestId: randomUUID(), secure: false });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const host: S3Host = {
    dir,
    endpoint: `http://127.0.0.1:${port}`,
    port,
    store,
    faults,
    offsetMs: 0,
    client: (config = {}) => {
      const client = new S3Client({
        endpoint: host.endpoint,
        region: "us-east-1",
        credentials,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await rm(dir, { recursive: true, force: true });
    },
  };
  return host;
}
