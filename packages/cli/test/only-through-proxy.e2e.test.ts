/** The real tinyproxy (Debian: `tinyproxy`) as the only way out of a network namespace. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Local, startLocal } from "@fota/local";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Ended, type Running, startFota } from "./cli.js";
import { ProxiedNetwork, whyNoProxiedNetwork } from "./proxied-network.js";

if (whyNoProxiedNetwork !== undefined) console.warn(`skipped: ${whyNoProxiedNetwork}`);

describe.skipIf(whyNoProxiedNetwork !== undefined)("with the stand-in outside of the namespace", () => {
  let network: ProxiedNetwork;
  let local: Local;
  let folder: string;
  let image: string;
  let account: Record<string, string>;
  let device: Running | undefined;

  beforeAll(async () => {
    network = await ProxiedNetwork.start();
    local = await startLocal({ host: network.outside, buckets: ["fw-releases"] });
    folder = await mkdtemp(join(tmpdir(), "fota-only-proxy-"));
    image = join(folder, "app.bin");
    await writeFile(image, randomBytes(1_000_000));
    account = {
      AWS_REGION: local.region,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_CA_BUNDLE: local.ca,
      AWS_ENDPOINT_URL: local.https,
      AWS_MAX_ATTEMPTS: "1",
    };
  });
  afterEach(async () => {
    device?.child.kill();
    await device?.ended;
  });
  afterAll(async () => {
    await local.stop();
    await network.stop();
    await rm(folder, { recursive: true });
  });

  /** Publishes to a new device, starts it, and waits until it has reported. */
  async function update(thing: string, run: (args: readonly string[]) => Running) {
    const { certificatePem, privateKeyPem } = await local.provisionThing(thing);
    const [cert, key] = [join(folder, `${thing}.pem`), join(folder, `${thing}.key`)];
    await Promise.all([writeFile(cert, certificatePem), writeFile(key, privateKeyPem)]);
    const published = await run([
      ...["publish", image, "--slot", "1", "--to", thing, "--bucket", "fw-releases", "--json"],
    ]).ended;
    const { jobId } = JSON.parse(expectDone(published).stdout);
    device = run([
      ...["device", "--thing", thing, "--dir", join(folder, thing), "--json"],
      ...["--mqtt", local.mqtts, "--ca", local.ca, "--cert", cert, "--key", key],
    ]);
    await device.line((line) => line.includes('"phase":"done"'));
    const status = await run(["status", jobId, "--json"]).ended;
    expect(JSON.parse(expectDone(status).stdout)).toMatchObject({ counts: { succeeded: 1 } });
    const slot = await readFile(join(folder, thing, "slot-1"));
    expect(slot.equals(await readFile(image))).toBe(true);
  }

  test("nothing is reached directly, and an update goes from publish to SUCCEEDED through the proxy", async () => {
    const direct = await startFota(["list"], account, network.inside).ended;
    expect(direct.stderr).toMatch(/there is no route to .* \(ENETUNREACH\)/);
    const env = { ...account, HTTPS_PROXY: network.proxyUrl };
    await update("lamp-1", (args) => {
      network.asked.push(`fota ${args[0]}`);
      return startFota(args, env, network.inside);
    });
    const connect = (url: string) => `CONNECT ${new URL(url).host}`;
    const runs = requestsOfEachRun(network.asked);
    expect(runs["fota publish"]).toEqual(new Set([connect(local.https)]));
    expect(runs["fota device"]).toEqual(new Set([connect(local.mqtts), connect(local.https)]));
    expect(runs["fota status"]).toEqual(new Set([connect(local.https)]));
  });

  test("NO_PROXY exempts the stand-in: with a proxy that is not there, the same update succeeds", async () => {
    const env = { ...account, HTTPS_PROXY: "http://127.0.0.1:9", NO_PROXY: network.outside };
    await update("lamp-2", (args) => startFota(args, env));
  });

  test("a device with --local needs no NO_PROXY", async () => {
    const env = { AWS_ENDPOINT_URL: local.endpoint, ALL_PROXY: "http://127.0.0.1:9" };
    device = startFota(["device", "--local", "--thing", "lamp-3", "--dir", join(folder, "lamp-3")], env);
    await device.line((line) => line.includes("connected"));
  });
});

function expectDone(ended: Ended): Ended {
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return ended;
}

/** Splits the log of the proxy at the starts of commands. */
function requestsOfEachRun(log: readonly string[]): Record<string, Set<string>> {
  const runs: Record<string, Set<string>> = {};
  let current = new Set<string>();
  for (const line of log) {
    if (line.startsWith("fota ")) runs[line] = current = new Set();
    else current.add(line);
  }
  return runs;
}
