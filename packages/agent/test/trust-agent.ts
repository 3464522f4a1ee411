// Firmware for adversary.e2e.test.ts, bundled to one file: the program of docs/device-guide.md with `trust`. The test
// replaces @VERSION@, so that one bundle makes all releases. FOTA_TRUST has the keys. It prints a line after each pass.
import { FotaAgent, Jobs } from "../src/index.js";
import { connectThing, nodeDevice, readAgentConfig } from "../src/node/index.js";

const env = process.env;

async function main(): Promise<void> {
  const config = await readAgentConfig(env["FOTA_AGENT_CONFIG"] ?? "");
  const device = nodeDevice({
    dir: env["FOTA_DIR"] ?? "",
    model: "pump",
    firmwareVersion: "@VERSION@",
    trust: JSON.parse(env["FOTA_TRUST"] ?? ""),
  });
  const agent = new FotaAgent(device, new Jobs(await connectThing(config)), {
    allowLoopbackHttp: true,
    retry: { baseMs: 50, maxMs: 100 },
    download: {
      attempts: 3,
      backoff: { baseMs: 10, maxMs: 20 },
      stallTimeoutMs: 500,
      lowestRate: { bytesPerSecond: 100_000, windowMs: 500 },
    },
  });
  agent.on("idle", () => process.stdout.write("version @VERSION@ is idle\n"));
  agent.start();
}

void main();
