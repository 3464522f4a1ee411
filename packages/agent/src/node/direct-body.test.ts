import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { join } from "node:path";
import { messageOf } from "@fota/shared";
import { afterEach, describe, expect, test } from "vitest";
import { Interruption } from "../core/interruption.js";
import { nodeHttp } from "./http.js";

const MIB = 1024 * 1024;
const IMAGE = Buffer.from(Uint32Array.from({ length: (4 * MIB) / 4 }, (_, at) => at).buffer);
const CA = fixture("ca");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let server: Server | TcpServer | undefined;
afterEach(async () => {
  if (server !== undefined && "closeAllConnections" in server) server.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  server = undefined;
});

function fixture(name: string): string {
  return join(import.meta.dirname, "../../test/fixtures/tls", `${name}.pem`);
}

async function listen(started: Server | TcpServer, scheme: string): Promise<string> {
  server = started.listen(0, "127.0.0.1");
  await once(started, "listening");
  return `${scheme}://127.0.0.1:${(started.address() as AddressInfo).port}/image`;
}

function serve(scheme: string, listener: RequestListener): Promise<string> {
  if (scheme === "http") return listen(createServer(listener), scheme);
  const [cert, key] = [readFileSync(fixture("server")), readFileSync(fixture("server-key"))];
  return listen(createTlsServer({ cert, key }, listener), scheme);
}

/** Sends the pieces one after the other, each in a packet of its own, and then ends the connection if `isEnded`. */
function answer(pieces: readonly string[], isEnded = true): Promise<string> {
  const started = createTcpServer((socket) => {
    socket.on("error", () => {}).setNoDelay(true);
    socket.once("data", async () => {
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, resolve));
        await new Promise(setImmediate);
      }
      if (isEnded) socket.end();
    });
  });
  return listen(started, "http");
}

/** Resolves when the server has no connection any more, and the client knows it. */
async function closed(): Promise<void> {
  const count = () => new Promise<number>((resolve) => server?.getConnections((_error, n) => resolve(n)));
  await expect.poll(count).toBe(0);
  await new Promise(setImmediate);
}

/** Lends buffers, and remembers which came back. */
function lender() {
  const lent = new Set<Uint8Array>();
  const back: Uint8Array[] = [];
  const take = (sizeBytes: number) => {
    const buffer = new Uint8Array(sizeBytes);
    lent.add(buffer);
    return buffer;
  };
  return { lent, back, buffers: { take, giveBack: (one: Uint8Array) => void back.push(one) } };
}

const get = (url: string) => nodeHttp({ ca: CA, proxy: false }).get(url, {}, 5_000);

async function read(url: string): Promise<string> {
  let text = "";
  for await (const piece of (await get(url)).body) text += Buffer.from(piece).toString();
  return text;
}

describe.each(["http", "https"])("%s", (scheme) => {
  test.each([
    ["at once", () => undefined],
    ["slowly, so that the socket pauses", () => new Promise(setImmediate)],
  ])("an image read %s is whole, and passes through the same memory", async (_how, wait) => {
    const url = await serve(scheme, (_request, response) => {
      response.writeHead(200, { "content-length": IMAGE.length }).end(IMAGE);
    });
    const [digest, used] = [createHash("sha256"), new Set<ArrayBufferLike>()];
    let receivedBytes = 0;
    for await (const piece of (await get(url)).body) {
      await wait();
      digest.update(piece);
      used.add(piece.buffer);
      receivedBytes += piece.length;
    }
    expect(receivedBytes).toBe(IMAGE.length);
    expect(digest.digest("hex")).toBe(sha256(IMAGE));
    expect(used.size).toBeLessThanOrEqual(2);
  });

  test.each([
    ["to the last byte", Infinity],
    ["in part", 1],
  ])("borrowed buffers come back once when an image was read %s", async (_how, piecesMax) => {
    const url = await serve(scheme, (_request, response) => {
      response.writeHead(200, { "content-length": IMAGE.length }).end(IMAGE);
    });
    const { lent, back, buffers } = lender();
    const http = nodeHttp({ ca: CA, proxy: false, buffers });
    let pieces = 0;
    for await (const _piece of (await http.get(url, {}, 5_000)).body) {
      expect(back).toEqual([]);
      pieces += 1;
      if (pieces >= piecesMax) break;
    }
    await expect.poll(() => back.length).toBe(lent.size);
    expect(new Set(back)).toEqual(lent);
  });

  test("an image of unknown length comes through node:http, and is whole", async () => {
    const url = await serve(scheme, (_request, response) => {
      response.write(IMAGE.subarray(0, MIB));
      response.end(IMAGE.subarray(MIB));
    });
    const digest = createHash("sha256");
    for await (const piece of (await get(url)).body) {
      await new Promise(setImmediate);
      digest.update(piece);
    }
    expect(digest.digest("hex")).toBe(sha256(IMAGE));
  });
});

test.each([
  ["in one packet", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"]],
  ["byte by byte", [..."HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nwhole"]],
  ["with the head apart", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "whole"]],
  [
    "after an interim response",
    ["HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh", "ole"],
  ],
  [
    "in chunks",
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n", "3\r\nole\r\n0\r\n\r\n"],
  ],
  ["without a length", ["HTTP/1.1 200 OK\r\n\r\nwh", "ole"]],
  ["as an error page", ["HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nwh", "ole"]],
])("a body that comes %s is whole", async (_how, pieces) => {
  expect(await read(await answer(pieces))).toBe("whole");
});

test.each([
  ["after the head", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "whole"]],
  ["with the head", ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"]],
])("a body ends with its last byte, although the connection stays open: %s", async (_how, pieces) => {
  expect(await read(await answer(pieces, false))).toBe("whole");
});

test("bytes after the body do not count", async () => {
  const url = await answer(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh", "ole and more"], false);
  expect(await read(url)).toBe("whole");
});

test("an image of no bytes has ended", async () => {
  expect(await read(await answer(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], false))).toBe("");
});

test("the length of a response without a body is not waited for", async () => {
  const url = await answer(["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"], false);
  expect(await read(url)).toBe("");
});

test("a server that switches to another protocol is refused", async () => {
  const url = await answer(
    ["HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwhole"],
    false,
  );
  await expect(get(url)).rejects.toThrow(/no answer from 127\.0\.0\.1:\d+: it switches to another protocol/);
});

test("a connection that closes within the body throws, after what came before", async () => {
  const { body } = await get(await answer(["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "ha", "lf"]));
  let text = "";
  const reading = (async () => {
    for await (const piece of body) text += Buffer.from(piece).toString();
  })();
  await expect(reading).rejects.toThrow(/aborted/);
  expect(text).toBe("half");
});

test.each([
  ["an error page", ["HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nwh", "ole"]],
  ["a body of unknown length", ["HTTP/1.1 200 OK\r\n\r\nwh", "ole"]],
  ["no response", []],
  ["another protocol", ["HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"]],
])("borrowed buffers come back once after %s", async (_what, pieces) => {
  const { lent, back, buffers } = lender();
  const response = nodeHttp({ proxy: false, buffers }).get(await answer(pieces), {}, 5_000);
  const text = await response.then(async ({ body }) => {
    let read = "";
    for await (const piece of body) read += Buffer.from(piece).toString();
    return read;
  }, messageOf);
  expect(text).toMatch(/^(whole|no answer from .*)$/);
  expect(lent.size).toBeGreaterThan(0);
  await expect.poll(() => back.length).toBe(lent.size);
  expect(new Set(back)).toEqual(lent);
});

describe("borrowed buffers come back once when", () => {
  const stopped = {
    onInterrupt(listener: () => void) {
      listener();
      return () => {};
    },
  };

  test.each([
    ["a request is interrupted before it has a socket", {}, stopped],
    ["a header cannot be sent", { range: "bytes=\n" }, undefined],
  ])("%s", async (_when, headers, interrupt) => {
    const { lent, back, buffers } = lender();
    const http = nodeHttp({ proxy: false, buffers });
    await expect(http.get(await answer([]), headers, 5_000, interrupt)).rejects.toThrow(/no answer from/);
    await expect.poll(() => back.length).toBe(lent.size);
    expect(new Set(back)).toEqual(lent);
  });

  test("a request is interrupted and nobody reads its body, which then has no bytes", async () => {
    const { lent, back, buffers } = lender();
    const signal = new Interruption();
    const url = await answer(["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], false);
    const { body } = await nodeHttp({ proxy: false, buffers }).get(url, {}, 5_000, signal);
    signal.interrupt("stopped");
    await expect.poll(() => back.length).toBe(lent.size);
    await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow("interrupted");
    expect(new Set(back)).toEqual(lent);
    expect(back.length).toBe(lent.size);
  });
});

describe("an image that has arrived whole before it is read", () => {
  const WHOLE = ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"];

  test.each([
    ["in one packet", [WHOLE.join("")]],
    ["after the head", WHOLE],
  ])("%s can be read after the connection was closed", async (_how, pieces) => {
    const url = await answer(pieces);
    const { lent, back, buffers } = lender();
    const { body } = await nodeHttp({ proxy: false, buffers }).get(url, {}, 5_000);
    await closed();
    let text = "";
    for await (const piece of body) text += Buffer.from(piece).toString();
    expect(text).toBe("hello");
    await expect.poll(() => back.length).toBe(lent.size);
    expect(new Set(back)).toEqual(lent);
  });

  test("gives its buffers back if no one reads it", async () => {
    const url = await answer([WHOLE.join("")]);
    const { lent, back, buffers } = lender();
    const { body } = await nodeHttp({ proxy: false, buffers }).get(url, {}, 50);
    await closed();
    await expect.poll(() => back.length).toBe(lent.size);
    expect(new Set(back)).toEqual(lent);
    await expect(body[Symbol.asyncIterator]().next()).rejects.toThrow("no byte for 50 ms");
  });
});
