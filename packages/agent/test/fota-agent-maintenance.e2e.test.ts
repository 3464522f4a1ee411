import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { AppDevice } from "./app-device.js";
import { MovedClock } from "./moved-clock.js";
import { NetworkManager, networkManagerMissing } from "./network-manager.js";
import { canMount } from "./small-disk.js";
import type { WatchedProcess } from "./watched-process.js";

/** Upper bound of what Node.js reads ahead before it holds the sender back. */
const READ_AHEAD_BYTES = 256 * 1024;
const POWER_SUPPLIES = "/sys/class/power_supply";

const app = AppDevice.forEachTest(120_000);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function run(
  maintenance: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): Promise<WatchedProcess> {
  const settings = Object.entries(maintenance).map(([key, value]) => [
    `FOTA_AGENT_MAINTENANCE_${key}`,
    value,
  ]);
  const daemon = app.start(["run"], { ...Object.fromEntries(settings), ...env }, prefix);
  await daemon.says(/connected to/);
  return daemon;
}

async function kill(daemon: WatchedProcess): Promise<void> {
  daemon.process.kill("SIGKILL");
  await daemon.ended;
}

/** Waits until the job shows that it is deferred, and why. */
async function isDeferred(jobId: string, detail: RegExp): Promise<void> {
  const expected = { status: "IN_PROGRESS", detail: expect.stringMatching(detail) };
  await eventually(async () => expect(await app.resultOf(jobId)).toMatchObject(expected));
}

test("hours count in their time zone; when they end during a download, it goes on and the restart waits", async () => {
  const clock = await MovedClock.make(app.dir);
  const hours = { HOURS: "22:00-05:00", TIME_ZONE: "Europe/Berlin" };
  await clock.set("2027-01-15T20:59:58Z"); // winter time: an hour later in Berlin
  const daemon = await run(hours, clock.env);
  const { jobId, goOn } = await app.createStalledJob();
  await isDeferred(
    jobId,
    /^beforeDownload deferred the update for \d s: outside 22:00-05:00 Europe\/Berlin$/,
  );
  await daemon.says(/consulting -> downloading/);
  await clock.set("2027-01-16T04:30:00Z");
  goOn();
  await daemon.says(/before-reset waits for maintenance: outside 22:00-05:00 Europe\/Berlin/);
  await isDeferred(jobId, /^beforeReset deferred the update for 14400 s: outside/);
  await kill(daemon);
  await clock.set("2026-01-15T23:00:00Z"); // back by a year
  const next = await run(hours, clock.env);
  await next.says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
});

test.skipIf(!canMount || !existsSync(POWER_SUPPLIES))(
  "a battery that is low holds the download; one that falls during it holds the restart",
  async () => {
    const supplies = join(app.dir, "power");
    await mkdir(join(supplies, "BAT0"), { recursive: true });
    await writeFile(join(supplies, "BAT0", "type"), "Battery\n");
    const charge = (percent: number) => writeFile(join(supplies, "BAT0", "capacity"), `${percent}\n`);
    const mounts = `mount --bind ${supplies} ${POWER_SUPPLIES} && exec "$@"`;
    const start = () => run({ MIN_BATTERY_PERCENT: "40" }, {}, ["unshare", "-m", "sh", "-c", mounts, "sh"]);
    await charge(12);
    const low = await start();
    const { jobId, goOn } = await app.createStalledJob();
    await isDeferred(
      jobId,
      /^beforeDownload deferred the update for 600 s: the battery has 12 %, 40 % are needed$/,
    );
    await kill(low);
    await charge(80);
    const falling = await start();
    await falling.says(/consulting -> downloading/);
    await charge(39);
    goOn();
    await isDeferred(
      jobId,
      /^beforeReset deferred the update for 600 s: the battery has 39 %, 40 % are needed$/,
    );
    await kill(falling);
    await charge(40);
    await (await start()).says(/reporting -> idle/);
    expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  },
);

if (networkManagerMissing !== undefined)
  console.log(`no tests with NetworkManager: ${networkManagerMissing}`);

test.skipIf(networkManagerMissing !== undefined)(
  "NetworkManager tells whether the connection is metered; without it, the download waits",
  async () => {
    const manager = await NetworkManager.start(app.dir);
    closers.push(() => manager.stop());
    manager.connect("yes");
    const start = () => run({ DEFER_ON_METERED: "true" }, manager.env);
    const metered = await start();
    const jobId = await app.standIn.createJob("2.0.0", app.device.thingName);
    await isDeferred(jobId, /^beforeDownload deferred the update for 600 s: the connection is metered$/);
    await kill(metered);
    await manager.stop();
    const without = await start();
    await isDeferred(jobId, /cannot tell whether the connection is metered: nmcli ended with exit code \d+$/);
    await kill(without);
    const again = await NetworkManager.start(app.dir);
    closers.push(() => again.stop());
    again.connect("yes");
    again.change("no");
    await (await start()).says(/reporting -> idle/);
    expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  },
);

test("the server sees no more bytes per second than the limit", async () => {
  const limit = 400_000;
  await writeFile(app.standIn.imagePath("3.0.0"), `#!/bin/sh\nexec sleep 600\n${"#".repeat(1_500_000)}`);
  const image = await readFile(app.standIn.imagePath("3.0.0"));
  // Half open: the device closes its side when it has read all, however much of it the kernel holds in between.
  let closed: (seconds: number) => void = () => {};
  const taken = new Promise<number>((resolve) => {
    closed = resolve;
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const startMs = performance.now();
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${image.length}\r\nconnection: close\r\n\r\n`;
    socket.once("data", () => socket.end(Buffer.concat([Buffer.from(head), image])));
    socket.on("error", () => {});
    socket.once("close", () => closed((performance.now() - startMs) / 1000));
  });
  server.listen(0, "127.0.0.1");
  closers.push(() => server.close());
  const daemon = await run({ MAX_BYTES_PER_SECOND: String(limit) });
  const { port } = server.address() as AddressInfo;
  await app.standIn.createJob("3.0.0", app.device.thingName, 1, undefined, `http://127.0.0.1:${port}/image`);
  await daemon.says(/downloading -> verifying/);
  // Twice the limit: a busy machine may notice the connection late. Without a limit, it is a hundred times as much.
  expect((image.length - READ_AHEAD_BYTES) / (await taken)).toBeLessThanOrEqual(2 * limit);
});

test("new jobs wait for the jitter; an update that is in progress does not", async () => {
  const jitter = { START_JITTER_SECONDS: "86400" }; // less than 3 s with a probability of 1 in 28,800
  const waiting = await run(jitter);
  const { jobId, goOn } = await app.createStalledJob();
  await app.start(["check"]).ended; // longer than the start of an update takes
  expect(await app.resultOf(jobId)).toEqual({ status: "QUEUED" });
  await kill(waiting);
  const started = await run({});
  await started.says(/consulting -> downloading/);
  await kill(started);
  goOn();
  await (await run(jitter)).says(/reporting -> idle/);
  expect(await app.resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
});
