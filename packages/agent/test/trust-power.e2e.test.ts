import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseJobDocument } from "@fota/shared";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keysOf, signedBy, testKey } from "../../shared/test/signing.js";
import { parseTrust } from "../src/core/trust-state.js";
import { documentOf } from "../src/testing/index.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";

const release = testKey(1, "release");

let tools: string;
let fotaBoot: string;
let image: Buffer;
let next: Buffer;
let server: Server;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-trust-tools-"));
  fotaBoot = await buildFotaBoot(tools);
  await build({
    entryPoints: [join(import.meta.dirname, "trust-firmware.ts")],
    outfile: join(tools, "firmware"),
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    conditions: ["@fota/source", "module"],
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "warning",
  });
  image = await readFile(join(tools, "firmware"));
  next = Buffer.concat([image, Buffer.from("// the next release\n")]);
  server = createServer((_request, response) => void response.end(next)).listen(0, "127.0.0.1");
});
afterAll(async () => {
  server.close();
  await rm(tools, { recursive: true });
});

function signedRelease(bytes: Buffer, slot: number, facts: object) {
  const { port } = server.address() as AddressInfo;
  const more = { bc_model: "pump", bc_url: `http://127.0.0.1:${port}/image`, ...facts };
  return JSON.stringify(signedBy(parseJobDocument(documentOf(bytes, slot, more)), release));
}

test.concurrent.each(["saving in slot 0", "slot confirmed", "saving in slot 1", "saved in slot 1"])(
  "kill -9 when %s: what the device knows of signed documents is whole, and the number counts in the end",
  async (moment) => {
    const device = await BootDevice.make(fotaBoot, { KILL_AT: moment });
    try {
      expect(await device.launch("--install", join(tools, "firmware")).ended).toBe(0);
      const given = {
        "keys.json": JSON.stringify({ keys: keysOf(release) }),
        "new.json": signedRelease(next, 1, { bc_seq: 5 }),
        "old.json": signedRelease(image, 0, { bc_seq: 4 }),
      };
      for (const [name, text] of Object.entries(given)) await writeFile(join(device.dir, name), text);
      expect(await device.launch().ended).toBe("SIGKILL");
      const saved = await readFile(join(device.dir, "fota-trust.json"), "utf8").catch(() => undefined);
      const state = saved === undefined ? {} : parseTrust(saved);
      expect(state, "the file is never torn").toBeDefined();
      expect(state?.seq, "the number counts only when it is saved").toBe(
        moment === "saved in slot 1" ? 5 : undefined,
      );
      const told = await device.launch().says(/^done/);
      expect(told).toBe("done: number 5, old release refused");
    } finally {
      await device.dispose();
    }
  },
);
