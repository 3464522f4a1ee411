import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { ConnectionRegistry } from "./connection-registry.js";
import { serveMqtt } from "./server.js";

test("connections beyond the limit are closed, the log says why once, and earlier ones stay open", async () => {
  const log: string[] = [];
  const accept = () => ({ receive: () => {}, closed: () => {} });
  const { port, close } = await serveMqtt({
    connections: { accept } as unknown as ConnectionRegistry,
    host: "127.0.0.1",
    port: 0,
    accessOf: () => undefined as never,
    maxConnections: 1,
    log: (line) => log.push(line),
  });
  const first = connect(port, "127.0.0.1");
  await once(first, "connect");
  for (let refused = 0; refused < 2; refused += 1) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.resume();
    await once(socket, "close");
  }
  expect(log).toEqual([expect.stringMatching(/^mqtt: refuses more than 1 connections.*raise `ulimit -n`/)]);
  expect(first.closed).toBe(false);
  first.destroy();
  await close();
});
