import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileSlots } from "../../node/file-slots.js";
import { readConfig } from "../config/read.js";
import { deviceOf } from "./device.js";

test("the download keeps the limit of maintenance.maxBytesPerSecond", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-device-of-"));
  const server = createServer((_request, response) => response.end("x".repeat(512)));
  onTestFinished(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const config = await readConfig({
    path: undefined,
    cwd: dir,
    env: {
      FOTA_AGENT_ENDPOINT: "localhost",
      FOTA_AGENT_THING_NAME: "gateway-7",
      FOTA_AGENT_CERT: "cert.pem",
      FOTA_AGENT_KEY: "key.pem",
      FOTA_AGENT_CA: "ca.pem",
      FOTA_AGENT_STATE_DIR: dir,
      FOTA_AGENT_MAINTENANCE_MAX_BYTES_PER_SECOND: "1024",
    },
  });
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes: 4096 });
  const { http } = await deviceOf(config, { slots, firmwareVersion: undefined, log: () => {} });
  const { port } = server.address() as AddressInfo;
  const lengths: number[] = [];
  for await (const { length } of (await http.get(`http://127.0.0.1:${port}/`, {}, 5_000)).body) {
    lengths.push(length);
  }
  expect(lengths).toEqual([256, 256]);
});
