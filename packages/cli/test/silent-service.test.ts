import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

/** The limit of fota on a silent connection, and what it is in this test. */
const [LIMIT_MS, SHORT_MS] = [60_000, 50];
const sockets: Socket[] = [];
const servers: Server[] = [];

beforeEach(() => {
  const { setTimeout } = Socket.prototype;
  vi.spyOn(Socket.prototype, "setTimeout").mockImplementation(function (this: Socket, timeoutMs, action) {
    return setTimeout.call(this, timeoutMs === LIMIT_MS ? SHORT_MS : timeoutMs, action);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

/** Returns the address of a server that reads everything, and answers nothing but what it answers to CONNECT. */
async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// All at once: the SDK registers the limit only after 3 s.
test("a service that stays silent is an error, over http, over https and behind a proxy that says 200", async () => {
  const service = await listen(createServer((socket) => socket.resume()));
  const proxy = createHttpServer().on("connect", (_request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.resume();
  });
  stubEnvironment({ HTTPS_PROXY: `http://${await listen(proxy)}`, AWS_MAX_ATTEMPTS: "1" });
  await Promise.all(
    [`http://${service}`, `https://${service}`, "https://192.0.2.10"].map(async (endpoint) => {
      const { code, stderr } = await runFota(["list", "--endpoint-url", endpoint], { cwd: tmpdir() });
      expect(stderr).toMatch(/did not answer in time.*\(ENDPOINT_UNREACHABLE\)/);
      expect(code).toBe(1);
    }),
  );
});
