/** Web pages that try to use a running stand-in: under their own host name, from their own origin, on every port. */
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Local, startLocal } from "../src/index.js";

const PAGE = "http://localhost:3000";
const FOREIGN = "https://evil.example";

let local: Local;
let s3: S3Client;

beforeAll(async () => {
  local = await startLocal({
    allowOrigins: [PAGE],
    allowHosts: ["fota-local"],
    publicS3Url: "https://s3.lab.example:8443",
  });
  s3 = new S3Client({
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: "firmware" }));
  await s3.send(new PutObjectCommand({ Bucket: "firmware", Key: "app.bin", Body: "image" }));
});

afterAll(async () => {
  s3.destroy();
  await local.stop();
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request like a browser; `fetch` does not allow setting `Host` and `Origin`. */
function ask(
  url: string,
  {
    method = "GET",
    headers = {},
    body = "",
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const sent = send(
      url,
      { method, headers, ca: local.caPem, agent: false, servername: "localhost" },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece) => {
          text += piece;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const thingNames = async () => {
  const { text } = await ask(`${local.endpoint}/things`, {});
  return JSON.parse(text).things.map((thing: { thingName: string }) => thing.thingName);
};

const addresses = [
  ["a thing", "POST", "/things/stolen", "{}"],
  ["a certificate", "POST", "/keys-and-certificate?setAsActive=true", ""],
  ["a list", "GET", "/things", ""],
  ["a job execution", "GET", "/things/t1/jobs", ""],
  ["the clock", "POST", "/_fota/clock", '{"advanceMs":1}'],
  ["the info", "GET", "/_fota/info", ""],
  ["a bucket", "PUT", "/stolen", ""],
  ["an object", "GET", "/firmware/app.bin", ""],
  ["the caller", "POST", "/?Action=GetCallerIdentity", ""],
] as const;

describe.each(["endpoint", "https"] as const)("over the %s", (listener) => {
  test.each(addresses)(
    "%s is not for another host name, nor for a page of another origin",
    async (_what, method, path, body) => {
      const url = `${local[listener]}${path}`;
      const json = { "content-type": "application/json" };
      const { port } = new URL(url);
      for (const headers of [
        { host: `evil.example:${port}` },
        { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
        { origin: FOREIGN },
        { origin: "null" },
      ]) {
        const answer = await ask(url, { method, body, headers: { ...json, ...headers } });
        expect([answer.status, answer.text]).toEqual([403, expect.stringMatching(/evil\.example|null/)]);
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      }
      expect(await thingNames()).not.toContain("stolen");
      expect(local.clock.nowMs()).toBeLessThan(Date.now() + 1);
    },
  );

  test("a WebSocket from a page of another origin or host name is refused", async () => {
    const url = `${local[listener].replace("http", "ws")}/mqtt`;
    const opened = async (options: { origin?: string; headers?: Record<string, string> }) => {
      const socket = new WebSocket(url, "mqtt", { ca: local.caPem, ...options });
      socket.on("error", () => undefined);
      const status = await Promise.race([
        once(socket, "open").then(() => 101),
        once(socket, "unexpected-response").then(([, response]) => response.statusCode),
      ]);
      socket.terminate();
      return status;
    };
    expect(await opened({ origin: FOREIGN })).toBe(403);
    expect(await opened({ origin: "null" })).toBe(403);
    expect(await opened({ headers: { host: "evil.example" } })).toBe(403);
    expect(await opened({})).toBe(101);
    expect(await opened({ origin: PAGE })).toBe(101);
    expect(await opened({ headers: { host: "fota-local" } })).toBe(101);
  });
});

test("the answer to a refused request of S3 is XML, and names the option", async () => {
  const answer = await ask(`${local.endpoint}/firmware/app.bin`, { headers: { host: "fota-dev" } });
  expect(answer.headers["content-type"]).toBe("application/xml");
  expect(answer.text).toContain("<Code>AccessDenied</Code>");
  expect(answer.text).toContain("--allow-host fota-dev");
});

test("the server's certificate covers the allowed host names, and the public name of S3", async () => {
  const { port } = new URL(local.https);
  for (const servername of ["fota-local", "s3.lab.example"]) {
    const socket = connectTls({ port: Number(port), host: "127.0.0.1", servername, ca: local.caPem });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    socket.destroy();
  }
});

test("an upload under an unknown host name is answered, not interrupted", async () => {
  const body = "x".repeat(5_000_000);
  const answer = await ask(`${local.endpoint}/firmware/big`, {
    method: "PUT",
    headers: { host: "fota-dev" },
    body,
  });
  expect(answer.status).toBe(403);
});

test.each([
  "text/plain",
  "text/plain;charset=UTF-8",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "Text/Plain; x=application/json",
])("a JSON service refuses %s, because any page can send it", async (type) => {
  const body = JSON.stringify({ thingTypeName: "t" });
  for (const path of ["/things/stolen", "/things/t1/jobs/j1"]) {
    const answer = await ask(`${local.endpoint}${path}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect(answer.status).toBe(415);
    expect(answer.headers["x-amzn-errortype"]).toBe("UnsupportedMediaTypeException");
  }
  expect(await thingNames()).not.toContain("stolen");
});

describe("a presigned URL", () => {
  test("works for a link or an image, but not for a script of another origin", async () => {
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "firmware", Key: "app.bin" }));
    const picture = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", referer: `${FOREIGN}/` };
    expect(await ask(url, { headers: picture })).toMatchObject({ status: 200, text: "image" });
    expect((await ask(url, { headers: { origin: FOREIGN } })).status).toBe(403);
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket: "firmware", Key: "app.bin" }));
    expect((await ask(put, { method: "PUT", headers: { origin: FOREIGN }, body: "evil" })).status).toBe(403);
    expect((await ask(url, {})).text).toBe("image");
  });

  test("can be read by an allowed page", async () => {
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "firmware", Key: "app.bin" }));
    const { status, headers } = await ask(url, { headers: { origin: PAGE } });
    expect(status).toBe(200);
    expect(headers["access-control-allow-origin"]).toBe(PAGE);
    expect(headers["access-control-expose-headers"]).toMatch(/\betag\b/i);
    expect(headers["vary"]).toBe("origin");
  });
});

test("a preflight is granted only for an allowed page", async () => {
  const wanted = {
    "access-control-request-method": "PUT",
    "access-control-request-headers": "authorization,x-amz-date",
  };
  const yes = await ask(`${local.endpoint}/things/t1`, {
    method: "OPTIONS",
    headers: { origin: PAGE, ...wanted },
  });
  expect(yes.status).toBe(204);
  expect(yes.headers).toMatchObject({
    "access-control-allow-origin": PAGE,
    "access-control-allow-methods": expect.stringContaining("PUT"),
    "access-control-allow-headers": "authorization,x-amz-date",
  });
  const no = await ask(`${local.endpoint}/things/t1`, {
    method: "OPTIONS",
    headers: { origin: FOREIGN, ...wanted },
  });
  expect(no.status).toBe(403);
  expect(no.headers["access-control-allow-headers"]).toBeUndefined();
});

/** Sends a raw request, and returns the status of the answer. */
async function statusOf(head: readonly string[], body = ""): Promise<number> {
  const socket = connect(Number(new URL(local.endpoint).port), "127.0.0.1");
  const lines = [...head, "connection: close", `content-length: ${body.length}`];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  await once(socket, "close");
  return Number(answer.split(" ")[1]);
}

test.each([
  "evil.example@x.localhost",
  "evil.example/.localhost",
  "evil.example#.amazonaws.com",
  "evil.example..localhost",
  ".localhost",
  "[evil.example]",
  "[::1]evil.example",
  "[::1",
  "localhost:80@evil.example",
  "localhost:80:evil.example",
  "2130706433",
  "",
])("the host %o is not accepted for the name that it ends with", async (host) => {
  expect(await statusOf(["POST /things/stolen HTTP/1.1", `host: ${host}`], "{}")).toBe(403);
});

test.each([
  "localhost.",
  "LOCALHOST:1",
  "a.b_c.localhost",
  "[::1]:4566",
  "127.1.2.3",
  "iot.us-east-1.amazonaws.com.",
])("the host %s is accepted", async (host) => {
  expect(await statusOf(["GET /_fota/health HTTP/1.1", `host: ${host}`])).toBe(200);
});

test("the host of an absolute target overrides the Host header", async () => {
  const { host } = new URL(local.endpoint);
  const post = (target: string, header: string) =>
    statusOf([`POST ${target} HTTP/1.1`, `host: ${header}`, "content-type: application/json"], "{}");
  expect(await post("http://evil.example/things/stolen", host)).toBe(403);
  expect(await post(`http://${host}/things/proxied`, "evil.example")).toBe(200);
  expect(await thingNames()).toContain("proxied");
  expect(await thingNames()).not.toContain("stolen");
});

test("a script's read is refused by its Sec-Fetch headers, also without an Origin", async () => {
  for (const mode of ["cors", "websocket", "same-origin"]) {
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": mode };
      expect((await ask(`${local.endpoint}/things`, { headers })).status).toBe(403);
    }
  }
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  expect((await ask(`${local.endpoint}/_fota/info`, { headers: link })).status).toBe(200);
});

test("a page on another port of localhost may not use it", async () => {
  for (const origin of [
    "http://localhost:3001",
    "http://127.0.0.1:3001",
    "https://localhost",
    "http://app.localhost:3001",
  ])
    expect((await ask(`${local.endpoint}/things`, { headers: { origin } })).status).toBe(403);
});

test("an HTTP request to the MQTT port, as a page can send it, does nothing", async () => {
  const port = Number(new URL(local.mqtt).port);
  const socket = connect(port, "127.0.0.1");
  const mqttConnect = Buffer.from("100c00044d5154540402003c00 0161".replace(" ", ""), "hex");
  socket.write(
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${200 + mqttConnect.length}\r\n\r\n`,
  );
  socket.write(Buffer.concat([Buffer.alloc(200), mqttConnect]));
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString("latin1");
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  expect(answer).toBe("");
});
