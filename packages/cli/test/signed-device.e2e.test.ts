import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FotaAgent, Jobs } from "@fota/agent";
import { connectThing, nodeDevice, simulateBoot } from "@fota/agent/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";

// A real agent with `trust`, and what the command line publishes to it.

let fleet: Fleet;
let thing: Awaited<ReturnType<typeof connectThing>>;
let trusted: Record<string, string>;
let ca: string;

beforeAll(async () => {
  fleet = await startFleet();
  trusted = await makeKey("ann");
  await fleet.fota(["thing", "create", "pump-new", "--out", "pump"]);
  const config = JSON.parse(await readFile(join(fleet.folder, "pump/agent.json"), "utf8"));
  const [cert, key] = [config.cert, config.key].map((file) => join(fleet.folder, "pump", file));
  ca = join(fleet.folder, "pump", config.ca);
  thing = await connectThing({ ...config, cert, key, ca });
  await mkdir(join(fleet.folder, "flash"));
});
afterAll(async () => {
  await thing.disconnect();
  await fleet.stop();
});

async function makeKey(name: string): Promise<Record<string, string>> {
  const { stdout } = await fleet.fota(["keygen", `${name}.pem`, "--no-passphrase", "--json"]);
  return JSON.parse(stdout).trust;
}

/** Boots the device, which trusts `ann`, until it has nothing to do or wants to reset. */
async function boot(): Promise<string> {
  const dir = join(fleet.folder, "flash");
  const { slot: runningSlot } = await simulateBoot(dir);
  const device = nodeDevice({ dir, runningSlot, ca, log: () => {}, model: "pump", trust: { keys: trusted } });
  const options = { selfTest: () => true, autoReset: false, allowLoopbackHttp: true };
  const agent = new FotaAgent(device, new Jobs(thing), options);
  const ended = new Promise<string>((resolve) => {
    agent.on("idle", () => resolve("idle"));
    agent.on("resetDue", () => resolve("resetDue"));
  });
  agent.start();
  return await ended.finally(() => agent.stop());
}

async function publish(image: string, ...args: string[]): Promise<string> {
  await writeFile(join(fleet.folder, "app.bin"), image);
  const common = [
    "app.bin",
    "--slot",
    "any",
    "--to",
    "pump-new",
    "--bucket",
    BUCKET,
    "--model",
    "pump",
    "--json",
  ];
  const { code, stdout, stderr } = await fleet.fota(["publish", ...common, ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).jobId;
}

async function outcome(jobId: string) {
  const { stdout } = await fleet.fota(["status", jobId, "--thing", "pump-new", "--json"]);
  const [{ status, reason, expected } = {}] = JSON.parse(stdout).executions;
  return { status, reason, expected };
}

test("a device installs what its key signed, refuses the rest, and why names the command that signs", async () => {
  const signed = await publish("firmware 1", "--sign", "ann.pem", "--seq", "7", "--fw-version", "1.0.0");
  expect([await boot(), await boot()]).toEqual(["resetDue", "idle"]);
  expect(await outcome(signed)).toMatchObject({ status: "SUCCEEDED" });

  await makeKey("eve");
  const stolen = await publish("firmware 2", "--sign", "eve.pem", "--seq", "8", "--fw-version", "1.1.0");
  expect(await boot()).toBe("idle");
  expect(await outcome(stolen)).toMatchObject({ status: "FAILED", reason: "signature-invalid" });
  expect((await fleet.fota(["why", stolen])).stdout).toMatch(/fota publish <image>.* --sign <key>/);

  const replayed = await publish("firmware 3", "--sign", "ann.pem", "--seq", "6", "--fw-version", "1.2.0");
  expect(await boot()).toBe("idle");
  expect(await outcome(replayed)).toMatchObject({ status: "FAILED", reason: "sequence-refused" });
  expect((await fleet.fota(["why", replayed])).stdout).toMatch(/--sign <key>\s+--seq 7/);
});
