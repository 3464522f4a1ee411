import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "vitest";
import { FotaAgent } from "../src/index.js";
import { nodeClock } from "../src/node/host.js";
import { nodeHttp } from "../src/node/http.js";
import { documentOf, type FakeExecution, FakeWorld, imageOf } from "../src/testing/index.js";

const NEW = imageOf(2, 20_000);
const WRITTEN_BYTES = 4_000;

let server: Server;
beforeEach(async () => {
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Servers that leave a device waiting. */
const STALLS: Record<string, RequestListener> = {
  "never answers": () => {},
  "stalls in the body": (_request, response) => {
    response.writeHead(200, { "content-length": `${NEW.length}` }).write(NEW.subarray(0, WRITTEN_BYTES));
  },
  "stalls in an error page": (_request, response) => {
    response.writeHead(503, { "content-length": "1000" }).write("<Error>");
  },
};

type End = (agent: FotaAgent, world: FakeWorld, execution: FakeExecution) => Promise<unknown>;

const ENDS: Record<string, End> = {
  "the agent is stopped": (agent) => agent.stop(),
  "the job is canceled": (agent, world, execution) => {
    const rests = new Promise<void>((resolve) => void agent.on("idle", resolve));
    world.cloud.cancel(execution);
    return rests;
  },
};

const CASES = Object.entries(STALLS).flatMap(([stall, listener]) =>
  Object.entries(ENDS).map(([when, end]) => ({ stall, listener, when, end })),
);

test.each(CASES)(
  "the server $stall and $when: the connection is closed at once, not when the stall is noticed",
  async ({ stall, listener, end }) => {
    server.on("request", listener);
    const asked = once(server, "request");
    const world = new FakeWorld({ old: imageOf(1, 5_000), new: NEW });
    const { device, jobs } = world.boot({ overrides: { http: nodeHttp(), clock: nodeClock } });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1, { bc_url: url }));
    const agent = new FotaAgent(device, jobs, {
      disconnectMqtt: false,
      allowLoopbackHttp: true,
      download: { stallTimeoutMs: 3_600_000, bufferBytes: WRITTEN_BYTES / 2 },
    });
    const written = new Promise<void>((resolve) => {
      agent.on("progress", ({ bytes = 0 }) => void (bytes === WRITTEN_BYTES && resolve()));
    });
    agent.start();
    const [request] = (await asked) as [IncomingMessage];
    if (stall === "stalls in the body") await written;
    const closed = new Promise((resolve) => request.socket.once("close", resolve));
    await end(agent, world, execution);
    await closed;
    await agent.stop();
  },
);
