import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveHttp } from "../http/server.js";
import type { Listening } from "../listening.js";
import { inTurns, type Work } from "../turns.js";
import { restService } from "./answer.js";
import { route } from "./router.js";

let listening: Listening;
let agent: Agent;
/** How many requests the service has answered or given up. */
let finished: number;
let onFinished: () => void;

function* endless(): Work<never> {
  for (;;) yield;
}

const echo = restService([
  route("POST /echo", ({ body, bytes }) => ({ body, sizeBytes: bytes.length })),
  route("GET /echo", ({ body, bytes }) => ({ body, sizeBytes: bytes.length, note: "größer" })),
  route("GET /endless", ({ isGone }) => inTurns(endless(), isGone)),
]);

beforeEach(async () => {
  finished = 0;
  onFinished = () => undefined;
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  listening = await serveHttp({
    host: "127.0.0.1",
    port: 0,
    upgrade: (_request, socket) => socket.destroy(),
    handle: (incoming, response) => {
      void echo(incoming, response, { requestId: "r1", secure: false }).then(() => {
        finished += 1;
        onFinished();
      });
    },
  });
});

afterEach(async () => {
  agent.destroy();
  await listening.close();
});

function start(method: string, headers: Record<string, string> = {}): ClientRequest {
  return request({ host: "127.0.0.1", port: listening.port, path: "/echo", method, headers, agent });
}

async function answerTo(sent: ClientRequest): Promise<{ status: number | undefined; body: unknown }> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: JSON.parse(await text(response)) };
}

test("a body is read in all the pieces in which it comes", async () => {
  const sent = start("POST", { "transfer-encoding": "chunked" });
  for (const piece of ['{"a"', ":", "1}"]) await new Promise((written) => sent.write(piece, written));
  sent.end();
  expect(await answerTo(sent)).toEqual({ status: 200, body: { body: { a: 1 }, sizeBytes: 7 } });
});

test("a GET with a body is answered, and so is the next request on its connection", async () => {
  const first = start("GET", { "content-length": "7" });
  first.end('{"a":1}');
  expect((await answerTo(first)).body).toMatchObject({ body: { a: 1 }, sizeBytes: 7 });
  const next = start("GET");
  next.end();
  expect((await answerTo(next)).body).toMatchObject({ body: {}, sizeBytes: 0 });
  expect(next.reusedSocket).toBe(true);
});

test("the length of an answer counts bytes, not characters", async () => {
  const sent = start("GET");
  sent.end();
  expect((await answerTo(sent)).body).toMatchObject({ note: "größer" });
});

test("a body over 1 MiB is refused after it was read, so that the connection can be used again", async () => {
  const large = start("POST");
  large.end(Buffer.alloc(1024 * 1024 + 1, " "));
  const refused = { message: "the body has more than 1048576 bytes" };
  expect(await answerTo(large)).toMatchObject({ status: 413, body: refused });
  const next = start("POST");
  next.end("{}");
  expect((await answerTo(next)).status).toBe(200);
  expect(next.reusedSocket).toBe(true);
});

test("a connection that ends inside a body leaves no request waiting", async () => {
  const sent = start("POST", { "content-length": "100" });
  sent.on("error", () => undefined);
  await new Promise((written) => sent.write("{", written));
  const done = new Promise<void>((resolve) => {
    onFinished = resolve;
  });
  sent.destroy();
  await done;
  expect(finished).toBe(1);
});

test("work for a client that closes its connection ends", async () => {
  const gaveUp = new Promise<void>((resolve) => {
    onFinished = resolve;
  });
  const sent = request({ host: "127.0.0.1", port: listening.port, path: "/endless", agent }).on(
    "error",
    () => undefined,
  );
  sent.end();
  await once(sent, "finish");
  await new Promise(setImmediate);
  sent.destroy();
  await gaveUp;
  expect(finished).toBe(1);
});
