import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { documentOf } from "../src/testing/index.js";
import { startProgram } from "./agent-program.js";
import { cutPower, type Launcher } from "./boot-device.js";
import { entryOf, makePatch } from "./patches.js";
import { StandIn, type StandInDevice } from "./stand-in.js";

// The example firmware, with `nodeDevice` and slots in files, under fota-boot: patches in real processes.

let standIn: StandIn;
let device: StandInDevice;
let launched: Launcher;
let server: Server;
/** Objects by path, and bytes that were sent of each. */
const objects = new Map<string, Uint8Array>();
const sent = new Map<string, number>();

beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0"]) await standIn.buildFirmware(version);
  server = createServer(({ url = "" }, response) => {
    const bytes = objects.get(url);
    response.on("close", () => sent.set(url, (sent.get(url) ?? 0) + (bytes?.length ?? 0)));
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": bytes.length, etag: `"${url}"` }).end(bytes);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await standIn.stop();
});
beforeEach(async () => {
  objects.clear();
  sent.clear();
  device = await standIn.makeDevice("1.0.0");
});
afterEach(async () => {
  await cutPower(launched);
  await device.boot.dispose();
});

/** Updates from 1.0.0 to 2.0.0, and returns what the device reported, and the sizes of image and patch. */
async function update(offered: { isThere: boolean }) {
  const [old, image] = await Promise.all(["1.0.0", "2.0.0"].map((each) => readFile(standIn.imagePath(each))));
  if (old === undefined || image === undefined) throw new Error("no firmware");
  const patch = await makePatch(old, image);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  objects.set("/image", image);
  if (offered.isThere) objects.set("/patch", patch);
  const bc_delta = [entryOf(old, patch, `${origin}/patch`)];
  const document = documentOf(image, 1, { bc_url: `${origin}/image`, bc_delta });
  const jobId = await standIn.createJobWith(document, device.thingName);
  launched = device.boot.launch();
  await launched.says(/reporting -> idle/);
  await launched.says(/firmware 2\.0\.0 running from slot 1/);
  expect(await standIn.holds(device, 1, "2.0.0")).toBe(true);
  const { status, statusDetails } = await standIn.executionOf(jobId, device.thingName);
  return { status, details: statusDetails?.detailsMap, patchBytes: patch.length, imageBytes: image.length };
}

test("an update by a patch fetches the patch, and nothing of the image", async () => {
  const { status, details, patchBytes, imageBytes } = await update({ isThere: true });
  expect(status).toBe("SUCCEEDED");
  expect(details).toMatchObject({ via: "patch", fetchedBytes: `${patchBytes}` });
  expect(Object.fromEntries(sent)).toEqual({ "/patch": patchBytes });
  expect(patchBytes).toBeLessThan(imageBytes / 10);
});

test("a patch that is gone: the whole image", async () => {
  const { status, details, imageBytes } = await update({ isThere: false });
  expect(status).toBe("SUCCEEDED");
  expect(details).toMatchObject({ via: "whole:image-gone", fetchedBytes: `${imageBytes}` });
  expect(sent.get("/image")).toBe(imageBytes);
});

test("fota-agent downloads a patch for an application that knows nothing of updates", async () => {
  for (const version of ["app-1", "app-2"]) await standIn.makeApp(version, 100_000);
  await device.boot.dispose();
  device = await standIn.makeDevice("app-1");
  launched = device.boot.launch();
  await launched.says(/app app-1/);
  const daemon = startProgram(device, ["run"]);
  try {
    await daemon.says(/connected to/);
    const jobId = await standIn.createPatchJob("app-2", "app-1", device.thingName);
    await daemon.says(/reporting -> idle/);
    await launched.says(/app app-2/);
    const { status, statusDetails } = await standIn.executionOf(jobId, device.thingName);
    expect(status).toBe("SUCCEEDED");
    expect(statusDetails?.detailsMap).toMatchObject({ via: "patch" });
    expect(Number(statusDetails?.detailsMap?.["fetchedBytes"])).toBeLessThan(1_000);
  } finally {
    daemon.process.kill("SIGKILL");
    await daemon.ended;
  }
});
