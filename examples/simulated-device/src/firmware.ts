import { setTimeout as sleep } from "node:timers/promises";
import { Fota, isFotaError, Jobs, type Mqtt } from "@fota/agent";
import { connectThing, nodeDevice, stderrLog, type ThingOptions } from "@fota/agent/node";
import { settingsOf } from "./settings.js";

/** build.mjs sets these. */
declare const __FIRMWARE_VERSION__: string;
declare const __FIRMWARE_BROKEN__: boolean;

const RETRY_MS = 2_000;

async function main(): Promise<void> {
  const slot = process.env["FOTA_SLOT"];
  process.stdout.write(`firmware ${__FIRMWARE_VERSION__} running from slot ${slot}\n`);
  if (__FIRMWARE_BROKEN__) throw new Error(`firmware ${__FIRMWARE_VERSION__} is broken: it crashes at boot`);

  const { dir, pollMs, allowLoopbackHttp, connection, roots } = settingsOf(process.env);
  const log = stderrLog();
  const device = nodeDevice({ dir, firmwareVersion: __FIRMWARE_VERSION__, log, ...roots });
  const fota = new Fota(device, { allowLoopbackHttp });
  const thing = await connectWithRetry({ ...connection, log });
  const jobs = new Jobs(thing);

  // An update survives a power cut, so it may be stopped anywhere.
  const stop = () => void thing.disconnect().finally(() => process.exit(0));
  process.once("SIGTERM", stop).once("SIGINT", stop);

  await fota.handleFotaJobs(jobs, { force: true });
  for (;;) {
    await sleep(pollMs);
    await fota.handleFotaJobs(jobs);
  }
}

/** Connects, and tries again until it works. Throws only for a wrong setting, certificate or key. */
async function connectWithRetry(options: ThingOptions): Promise<Mqtt> {
  for (;;) {
    try {
      return await connectThing(options);
    } catch (error) {
      if (isFotaError(error, "CONFIG_INVALID")) throw error; // a retry does not fix a wrong file
      console.error(describe(error));
    }
    await sleep(RETRY_MS);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  console.error(describe(error));
  process.exit(1);
});
