import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { checkImageUrl } from "./check-url.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function check(answer: RequestListener, sizeBytes = 100, signal = new AbortController().signal) {
  const server = createServer(answer);
  closing.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k?X-Amz-Signature=0`;
  return await checkImageUrl(url, sizeBytes, { ca: undefined, signal });
}

test("one byte is asked for, without credentials, and the size is taken from the range", async () => {
  const asked: unknown[] = [];
  await check(({ method, headers }, response) => {
    asked.push(method, headers.range, headers.authorization);
    response.writeHead(206, { "content-range": "bytes 0-0/100" }).end("x");
  });
  expect(asked).toEqual(["GET", "bytes=0-0", undefined]);
});

test("a server without ranges does, too, and its body is not read", async () => {
  await check((_request, response) => void response.writeHead(200, { "content-length": "100" }).write("x"));
});

test("another size is refused", async () => {
  const answer: RequestListener = (_request, response) =>
    response.writeHead(206, { "content-range": "bytes 0-0/99" }).end("x");
  await expect(check(answer)).rejects.toMatchObject({
    code: "UPLOAD_CORRUPT",
    message: "the presigned URL gives 99 bytes, not 100",
  });
});

test("a refusal is reported with S3's own code", async () => {
  const answer: RequestListener = (_request, response) =>
    response.writeHead(403).end("<Error><Code>SignatureDoesNotMatch</Code></Error>");
  await expect(check(answer)).rejects.toMatchObject({
    code: "ACCESS_DENIED",
    message: "the presigned URL is refused: HTTP 403, SignatureDoesNotMatch",
  });
});

test("a server that hangs up cannot be reached", async () => {
  await expect(check(({ socket }) => socket.destroy())).rejects.toMatchObject({
    code: "ENDPOINT_UNREACHABLE",
  });
});

test("an interruption is one", async () => {
  const interrupt = new AbortController();
  await expect(check(() => interrupt.abort(), 100, interrupt.signal)).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
});
