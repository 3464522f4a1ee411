import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createProxies } from "./proxy-agents.js";

const pem = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../../agent/test/fixtures/tls", `${name}.pem`), "utf8");

afterEach(() => vi.unstubAllEnvs());

test("the certificate of a proxy that is reached over TLS is checked against the proxy's name", async () => {
  const server = createServer({ cert: pem("server"), key: pem("server-key") });
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const reach = async (host: string) => {
    vi.stubEnv("HTTPS_PROXY", `https://${host}:${port}`);
    return await createProxies([pem("ca")]).reach("iot.example.com", 443, AbortSignal.timeout(5_000));
  };
  expect(await reach("127.0.0.1")).toBe("reached");
  expect(await reach("localhost")).toBe("reached");
  server.close();
});
