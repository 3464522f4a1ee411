import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { keptPort } from "../../../shared/test/kept-port.js";
import { Interruption } from "../core/interruption.js";
import type { InterruptSignal } from "../core/ports.js";
import { nodeHttp } from "./http.js";

/** A limit that no test waits for, and that no machine is too slow for. */
const PATIENCE_MS = 3_600_000;

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  return await listen(server);
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function read(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("gives status, headers and body as they came", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(206, { ETag: '"abc"', "Content-Range": "bytes 2-4/5" }).end("cde");
  });
  const answer = await nodeHttp().get(url, {}, PATIENCE_MS);
  expect(answer.status).toBe(206);
  expect(answer.headers).toMatchObject({ etag: '"abc"', "content-range": "bytes 2-4/5" });
  expect(await read(answer.body)).toBe("cde");
});

test.each([
  "/b/../k%2Bey%20.bin?X-Amz-Credential=a%2Fb%2fc&x=%7e&y=a+b&&z",
  "//double/./slash?",
  "/%C3%A4/%c3%a4?a=%2B|'()*!~",
])("sends %s byte for byte", async (path) => {
  const url = await serve((request, response) => response.end(request.url));
  expect(await read((await nodeHttp().get(`${url}${path}#fragment`, {}, PATIENCE_MS)).body)).toBe(path);
});

test("requests uncompressed bytes, keeps no connection open, and sends the given headers", async () => {
  const url = await serve((request, response) => response.end(JSON.stringify(request.headers)));
  const { body } = await nodeHttp().get(url, { range: "bytes=5-" }, PATIENCE_MS);
  expect(JSON.parse(await read(body))).toMatchObject({
    "accept-encoding": "identity",
    connection: "close",
    range: "bytes=5-",
  });
});

test("P-41: a redirect is an answer", async () => {
  const url = await serve((_request, response) =>
    response.writeHead(307, { location: "http://x.invalid/" }).end(),
  );
  const answer = await nodeHttp().get(url, {}, PATIENCE_MS);
  expect([answer.status, answer.headers["location"]]).toEqual([307, "http://x.invalid/"]);
});

test("a server that never answers is given up", async () => {
  const url = await serve(() => {});
  await expect(nodeHttp().get(url, {}, 50)).rejects.toThrow(/no answer in time/);
});

test("a body that stalls throws, after what came before it", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "content-length": "10" }).write("half");
  });
  const { body } = await nodeHttp().get(url, {}, 500);
  const pieces = body[Symbol.asyncIterator]();
  expect(Buffer.from((await pieces.next()).value).toString()).toBe("half");
  await expect(pieces.next()).rejects.toThrow(/no byte for 500 ms/);
});

test("the time that the reader takes is not a stall", async () => {
  const url = await serve((_request, response) => response.end("whole"));
  const { body } = await nodeHttp().get(url, {}, 500);
  let text = "";
  for await (const piece of body) {
    text += Buffer.from(piece).toString();
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  expect(text).toBe("whole");
});

test("a connection cut inside the body throws", async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("half", () => request.socket.destroy());
  });
  const { body } = await nodeHttp().get(url, {}, PATIENCE_MS);
  await expect(read(body)).rejects.toThrow();
});

test.each(["leaving the loop early", "never reading"])("%s closes the connection", async (how) => {
  let socket: Socket | undefined;
  const url = await serve((request, response) => {
    socket = request.socket;
    response.writeHead(200, { "content-length": "1000000" }).write("x");
  });
  const { body } = await nodeHttp().get(url, {}, 500);
  if (how === "leaving the loop early") for await (const _piece of body) break;
  if (socket !== undefined && !socket.destroyed) await once(socket, "close");
  expect(socket?.destroyed).toBe(true);
});

describe("with a limit of the rate", () => {
  test("the whole body comes, never faster than the limit plus one piece", async () => {
    const maxBytesPerSecond = 64 * 1024;
    const pieceBytes = maxBytesPerSecond / 4;
    const whole = Buffer.alloc(60 * 1024, "0123456789");
    const url = await serve((_request, response) => response.end(whole));
    const startMs = performance.now();
    const { body } = await nodeHttp({ maxBytesPerSecond }).get(url, {}, PATIENCE_MS);
    let received = Buffer.alloc(0);
    for await (const piece of body) {
      received = Buffer.concat([received, piece]);
      const elapsedSeconds = (performance.now() - startMs) / 1_000;
      expect(received.length).toBeLessThanOrEqual(maxBytesPerSecond * elapsedSeconds + pieceBytes);
    }
    expect(received.equals(whole)).toBe(true);
  });

  test("the wait for the limit is not a stall", async () => {
    const url = await serve((_request, response) => response.end("x".repeat(600)));
    const { body } = await nodeHttp({ maxBytesPerSecond: 1024 }).get(url, {}, 200);
    expect(await read(body)).toHaveLength(600);
  });

  test("a second request does not begin anew", async () => {
    const url = await serve((_request, response) => response.end("x".repeat(256)));
    const http = nodeHttp({ maxBytesPerSecond: 1024 });
    const startMs = performance.now();
    await read((await http.get(url, {}, PATIENCE_MS)).body);
    await read((await http.get(url, {}, PATIENCE_MS)).body);
    expect(performance.now() - startMs).toBeGreaterThan(248);
  });

  test("the server keeps what the limit does not let through yet", async () => {
    const megabyte = Buffer.alloc(1024 * 1024);
    let sent = 0;
    const url = await serve((_request, response) => {
      const send = (error?: Error | null) => {
        if (error) return;
        if (sent === 100) response.end();
        else
          response.write(megabyte, (error) => {
            if (!error) sent += 1;
            send(error);
          });
      };
      send();
    });
    const { body } = await nodeHttp({ maxBytesPerSecond: 64 * 1024 }).get(url, {}, PATIENCE_MS);
    let pieces = 0;
    for await (const _piece of body) if (++pieces === 4) break;
    expect(sent).toBeLessThan(50);
  });

  test("an interrupt during the wait rejects and closes the connection", async () => {
    let socket: Socket | undefined;
    const url = await serve((request, response) => {
      socket = request.socket;
      response.writeHead(200, { "content-length": "1000" }).write("x".repeat(512));
    });
    const interruption = new Interruption();
    const { body } = await nodeHttp({ maxBytesPerSecond: 1024 }).get(url, {}, PATIENCE_MS, interruption);
    const pieces = body[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toHaveLength(256);
    const further = pieces.next();
    interruption.interrupt("stopped");
    await expect(further).rejects.toThrow("interrupted");
    if (socket !== undefined && !socket.destroyed) await once(socket, "close");
    expect(socket?.destroyed).toBe(true);
  });

  test.each([0, 1023, 2048.5, Number.NaN])("%s bytes per second is refused", (maxBytesPerSecond) => {
    expect(() => nodeHttp({ maxBytesPerSecond })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", hint: "set a whole number from 1024 up" }),
    );
  });
});

describe("interrupted", () => {
  async function nextSocket(): Promise<Socket> {
    const [request] = await once(server as Server, "request");
    return (request as IncomingMessage).socket;
  }

  async function closed(socket: Socket): Promise<void> {
    if (!socket.destroyed) await new Promise((resolve) => socket.once("close", resolve));
  }

  test("before the answer, it rejects and closes the connection", async () => {
    const url = await serve(() => {});
    const interruption = new Interruption();
    const answer = nodeHttp().get(url, {}, PATIENCE_MS, interruption);
    const socket = await nextSocket();
    interruption.interrupt("stopped");
    await expect(answer).rejects.toThrow(/interrupted/);
    await closed(socket);
  });

  test.each([true, false])("in a body that stalls, it closes the connection; read: %s", async (isRead) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "10" }).write("half");
    });
    const interruption = new Interruption();
    const [socket, { body }] = await Promise.all([
      nextSocket(),
      nodeHttp().get(url, {}, PATIENCE_MS, interruption),
    ]);
    const pieces = body[Symbol.asyncIterator]();
    if (isRead) await pieces.next();
    const further = isRead ? pieces.next() : undefined;
    interruption.interrupt("stopped");
    if (further !== undefined) await expect(further).rejects.toThrow("interrupted");
    await closed(socket);
  });

  test("before it begins, it rejects", async () => {
    const url = await serve((_request, response) => response.end("whole"));
    const interruption = new Interruption();
    interruption.interrupt("stopped");
    await expect(nodeHttp().get(url, {}, PATIENCE_MS, interruption)).rejects.toThrow(/interrupted/);
  });

  test("a body that has ended waits for no interruption any more", async () => {
    const url = await serve((_request, response) => response.end("whole"));
    const listeners = new Set<() => void>();
    const interrupt: InterruptSignal = {
      onInterrupt(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    const { body } = await nodeHttp().get(url, {}, PATIENCE_MS, interrupt);
    expect(listeners.size).toBe(1);
    await read(body);
    await expect.poll(() => listeners.size).toBe(0);
  });
});

test.each([
  ["is no HTTP", "s3cr3t nonsense\r\n\r\n"],
  ["has an invalid header", "HTTP/1.1 200 OK\r\ns3cr3t header\r\n\r\n"],
  ["has an invalid chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ns3cr3t\r\nx"],
  ["has an invalid length", "HTTP/1.1 200 OK\r\nContent-Length: s3cr3t\r\n\r\nx"],
])("what is thrown of an answer that %s has none of its text", async (_what, answer) => {
  const raw = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  });
  raw.listen(0, "127.0.0.1");
  await once(raw, "listening");
  const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}/k`;
  const error: unknown = await nodeHttp()
    .get(url, {}, PATIENCE_MS)
    .then(({ body }) => read(body))
    .catch((thrown) => thrown);
  raw.close();
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).not.toContain("s3cr3t");
});

test("a refused connection names the host and not the presigned URL", async () => {
  const error: unknown = await nodeHttp()
    .get(`http://127.0.0.1:${await keptPort()}/k?X-Amz-Signature=secret`, {}, PATIENCE_MS)
    .catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: "ENDPOINT_UNREACHABLE",
    message: expect.stringMatching(/connection refused/),
  });
  expect(String(error)).not.toContain("secret");
});

test.each(["ftp://host/x", "nonsense", "http://user:word@host/", "http://[::1/"])(
  "%s is refused",
  async (url) => {
    await expect(nodeHttp().get(url, {}, PATIENCE_MS)).rejects.toMatchObject({
      code: "ENDPOINT_UNREACHABLE",
    });
  },
);

test("B-8: further roots are trusted beside Node's own", async () => {
  const pem = (name: string) => join(import.meta.dirname, "../../test/fixtures/tls", `${name}.pem`);
  const [cert, key] = [readFileSync(pem("server")), readFileSync(pem("server-key"))];
  server = createTlsServer({ cert, key }, (_request, response) => response.end("secret"));
  const url = (await listen(server)).replace("http:", "https:");
  const { body } = await nodeHttp({ ca: pem("ca") }).get(url, {}, PATIENCE_MS);
  expect(await read(body)).toBe("secret");
  await expect(nodeHttp().get(url, {}, PATIENCE_MS)).rejects.toThrow(
    /its certificate is not from a trusted CA/,
  );
});
