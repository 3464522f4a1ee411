import { setTimeout as sleep } from "node:timers/promises";
import { Fota, Jobs } from "@fota/agent";
import { connectThing, nodeDevice, stderrLog } from "@fota/agent/node";
import { settingsOf } from "./settings.js";

/** Put in by build.mjs. */
declare const __FIRMWARE_VERSION__: string;
declare const __FIRMWARE_BROKEN__: boolean;

const RETRY_MS = 2_000;

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort()).once("SIGINT", () => stop.abort());

async function main(): Promise<void> {
  const slot = process.env["FOTA_SLOT"];
  process.stdout.write(`firmware ${__FIRMWARE_VERSION__} running from slot ${slot}\n`);
  if (__FIRMWARE_BROKEN__) throw new Error(`firmware ${__FIRMWARE_VERSION__} is broken: it dies at boot`);

  const { dir, pollMs, connection, roots } = settingsOf(process.env);
  const log = stderrLog();
  const fota = new Fota(nodeDevice({ dir, firmwareVersion: __FIRMWARE_VERSION__, log, ...roots }));

  const thing = await untilStopped(() => connectThing({ ...connection, log }));
  if (thing === undefined) return;
  const jobs = new Jobs(thing);
  await fota.handleFotaJobs(jobs, { force: true });
  while (await pause(pollMs)) await fota.handleFotaJobs(jobs);
  await thing.disconnect();
}

/** Tries until it works: a device without a link has nothing better to do. `undefined`: stopped before. */
async function untilStopped<T>(action: () => Promise<T>): Promise<T | undefined> {
  do {
    try {
      return await action();
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  } while (await pause(RETRY_MS));
  return undefined;
}

/** False when the device is to stop. */
async function pause(delayMs: number): Promise<boolean> {
  await sleep(delayMs, undefined, { signal: stop.signal }).catch(() => {});
  return !stop.signal.aborted;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
