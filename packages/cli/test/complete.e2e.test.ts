import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeJobExecutionCommand, IoTClient } from "@aws-sdk/client-iot";
import { FotaAgent, Jobs } from "@fota/agent";
import { connectThing, nodeDevice, simulateBoot } from "@fota/agent/node";
import { startLocal } from "@fota/local";
import { publish } from "fota";
import { expect, onTestFinished, test, vi } from "vitest";

test("thermostat-7 boots the published image on trial and confirms it", async () => {
  const thingName = "thermostat-7";
  const dir = await mkdtemp(join(tmpdir(), "thermostat-")); // the flash of the device
  const local = await startLocal({ buckets: ["firmware"] });
  const { certificatePem: cert, privateKeyPem: key } = await local.provisionThing(thingName);
  const thing = await connectThing({ thingName, url: local.mqtts, ca: local.caPem, cert, key });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await thing.disconnect();
    await local.stop();
    await rm(dir, { recursive: true });
  });
  for (const [name, value] of Object.entries(local.env)) vi.stubEnv(name, value);

  /** From power on until the agent has nothing to do, or asks for a reset. */
  async function boot(): Promise<"idle" | "resetDue"> {
    const { slot: runningSlot } = await simulateBoot(dir); // what fota-boot does before it starts a firmware
    const device = nodeDevice({ dir, runningSlot, log: () => {} });
    const agent = new FotaAgent(device, new Jobs(thing), {
      selfTest: () => true,
      autoReset: false, // otherwise the process would exit
      allowLoopbackHttp: true, // the stand-in serves images over http
    });
    const end = new Promise<"idle" | "resetDue">((resolve) => {
      agent.on("idle", () => resolve("idle"));
      agent.on("resetDue", () => resolve("resetDue"));
    });
    agent.start();
    return await end.finally(() => agent.stop());
  }

  const image = join(dir, "app-1.5.0.bin");
  await writeFile(image, "firmware 1.5.0");
  const { jobId } = await publish({ images: [image], slot: "any", to: [thingName], bucket: "firmware" });

  expect(await boot()).toBe("resetDue"); // the image is in slot 1, and is due for its trial
  expect(await boot()).toBe("idle"); // it ran, passed the self test, and is confirmed
  expect(await readFile(join(dir, "slot-1"), "utf8")).toBe("firmware 1.5.0");
  const { execution } = await new IoTClient().send(new DescribeJobExecutionCommand({ jobId, thingName }));
  expect(execution?.status).toBe("SUCCEEDED");
});
