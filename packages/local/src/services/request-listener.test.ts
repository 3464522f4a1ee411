import { afterEach, beforeEach, expect, test } from "vitest";
import { createRequestGuard } from "../http/request-guard.js";
import { serveHttp } from "../http/server.js";
import type { Service } from "../http/service.js";
import type { Listening } from "../listening.js";
import { createRequestListener } from "./request-listener.js";

let door: Listening;
let log: string[];

const broken: Service = async () => {
  throw new Error("a bug");
};
const brokenHalfway: Service = async (_request, response) => {
  response.writeHead(200, { "content-length": "10" });
  response.write("half");
  throw new Error("a late bug");
};

beforeEach(async () => {
  log = [];
  const handle = createRequestListener({
    services: {
      iot: broken,
      "iot-credentials": broken,
      "iot-data": broken,
      "iot-jobs-data": brokenHalfway,
      s3: broken,
      sts: broken,
    },
    admin: async () => undefined,
    requestGuard: createRequestGuard({}),
    certificateRefusal: () => undefined,
    isRegistered: () => false,
    log: (line) => log.push(line),
  });
  door = await serveHttp({
    host: "127.0.0.1",
    port: 0,
    handle,
    upgrade: (_request, socket) => socket.destroy(),
  });
});

afterEach(() => door.close());

test("a bug in iot causes a 500 in the form of the JSON services, and a log line", async () => {
  const response = await fetch(`http://127.0.0.1:${door.port}/things/t1?secret=1`);
  expect(response.status).toBe(500);
  expect(response.headers.get("x-amzn-errortype")).toBe("InternalFailureException");
  expect(await response.json()).toEqual({ message: "The stand-in failed; see its log for the error." });
  expect(log).toEqual(["http: GET /things/t1 failed: a bug"]);
});

test("a bug in s3 causes a 500 in the form of S3", async () => {
  const response = await fetch(`http://127.0.0.1:${door.port}/bucket/key`);
  expect(response.status).toBe(500);
  expect(await response.text()).toContain("<Error><Code>InternalError</Code>");
});

test("an answer that a bug interrupts is not taken for complete", async () => {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iot-jobs-data/aws4_request";
  const response = await fetch(`http://127.0.0.1:${door.port}/things/t1/jobs`, {
    headers: { authorization },
  });
  await expect(response.text()).rejects.toThrow("terminated");
});
