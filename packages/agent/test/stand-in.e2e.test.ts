import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower, type Launcher } from "./boot-device.js";
import { StandIn, type StandInDevice } from "./stand-in.js";

let standIn: StandIn;
let device: StandInDevice;
let launched: Launcher | undefined;

beforeAll(async () => {
  standIn = await StandIn.start();
  await standIn.buildFirmware("1.0.0");
  await standIn.buildFirmware("2.0.0");
  await standIn.buildFirmware("2.0.1", "--broken");
});
afterAll(async () => await standIn.stop());
beforeEach(async () => {
  device = await standIn.makeDevice("1.0.0");
});
afterEach(async () => {
  if (launched !== undefined) await cutPower(launched);
  launched = undefined;
  await device.boot.dispose();
});

function launch(): Launcher {
  launched = device.boot.launch();
  return launched;
}

async function bootedSlot(): Promise<number | undefined> {
  return (await readBootRecord(device.boot.dir))?.currentSlot;
}

test("an update ends SUCCEEDED on the new image, confirmed", async () => {
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  const launcher = launch();
  await launcher.says(/reporting -> idle/);
  await launcher.says(/firmware 2\.0\.0 running from slot 1/);
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "SUCCEEDED" });
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
});

test.each([
  ["while downloading", /-> downloading/],
  ["after verifying", /verifying -> /],
  ["when the trial is scheduled", /-> trial/],
  ["when the trial boots", /slot 1 on trial/],
  ["while the trial runs", /firmware 2\.0\.0 running/],
  ["while confirming", /trial -> confirming/],
])("power cut %s: the device ends on one image and the job tells which", async (_when, line) => {
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  const first = launch();
  await first.says(line);
  await cutPower(first);
  await launch().says(/reporting -> idle/);
  const execution = await standIn.executionOf(jobId, device.thingName);
  const succeeded = execution.status === "SUCCEEDED";
  expect(await bootedSlot()).toBe(succeeded ? 1 : 0);
  if (!succeeded) {
    expect(execution).toMatchObject({
      status: "FAILED",
      statusDetails: { detailsMap: { reason: "invalid fota" } },
    });
  }
});

test("an image that crashes at boot ends FAILED with the old image running, also after a power cut on trial", async () => {
  const jobId = await standIn.createJob("2.0.1", device.thingName);
  const first = launch();
  await first.says(/slot 1 on trial/);
  await cutPower(first);
  const again = launch();
  await again.says(/reporting -> idle/);
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({
    status: "FAILED",
    statusDetails: { detailsMap: { reason: "invalid fota" } },
  });
  await again.says(/firmware 1\.0\.0 running from slot 0/);
  expect(await bootedSlot()).toBe(0);
});

test("behind 12 jobs of another kind: the device warns, and updates when the queue drains", async () => {
  const cancelForeignJobs = await standIn.makeForeignJobs(12, device.thingName);
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  const launcher = launch();
  await launcher.says(/lists only 10 pending jobs, and none of them is an update/);
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "QUEUED" });
  await cancelForeignJobs();
  await launcher.says(/reporting -> idle/);
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "SUCCEEDED" });
});

test.each([
  ["while the device downloads", /-> downloading/],
  ["while the trial runs", /slot 1 on trial/],
])(
  "the broker and S3 are gone for a while %s: the update ends SUCCEEDED all the same",
  async (_when, line) => {
    const jobId = await standIn.createJob("2.0.0", device.thingName);
    const launcher = launch();
    await launcher.says(line);
    await standIn.restart(() => launcher.says(/offline|refused|unreachable|closed|lost|ECONN/i));
    await launcher.says(/reporting -> idle/);
    expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({ status: "SUCCEEDED" });
  },
);
