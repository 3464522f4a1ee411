import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ScriptedBroker } from "../../test/scripted-broker.js";
import { connectThing } from "./mqtt.js";

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";

/** Where Debian has the engines for this machine's OpenSSL 3. */
function engineFolder(): string | undefined {
  const triplets = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return triplets
    .map((triplet) => join("/usr/lib", triplet, "engines-3"))
    .find((folder) => existsSync(join(folder, "pkcs11.so")));
}

const engines = engineFolder();
const hasToken =
  engines !== undefined &&
  existsSync(MODULE) &&
  spawnSync("softhsm2-util", ["--version"]).error === undefined;

describe.skipIf(!hasToken)("with SoftHSM (Debian: softhsm2, libengine-pkcs11-openssl)", () => {
  const pem = (name: string) => join(import.meta.dirname, "../../test/fixtures/tls", `${name}.pem`);
  let dir: string;
  let broker: ScriptedBroker;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "fota-hsm-"));
    mkdirSync(join(dir, "tokens"));
    writeFileSync(join(dir, "softhsm2.conf"), `directories.tokendir = ${dir}/tokens\nlog.level = ERROR\n`);
    writeFileSync(join(dir, "pin"), "1234");
    vi.stubEnv("SOFTHSM2_CONF", join(dir, "softhsm2.conf"));
    vi.stubEnv("PKCS11_MODULE_PATH", MODULE);
    vi.stubEnv("OPENSSL_ENGINES", engines);
    const util = (...args: string[]) =>
      execFileSync("softhsm2-util", [...args, "--pin", "1234"], { stdio: "pipe" });
    util("--init-token", "--free", "--label", "device", "--so-pin", "1234");
    util("--import", pem("device-key"), "--token", "device", "--label", "key", "--id", "01");
    const [ca, cert, key] = ["ca", "server", "server-key"].map((name) => readFileSync(pem(name)));
    broker = await ScriptedBroker.start({ ca, cert, key, requestCert: true, rejectUnauthorized: true });
  });
  afterAll(async () => {
    await broker.stop();
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true });
  });

  const connectWith = (id: string) =>
    connectThing({
      thingName: "sensor-1",
      url: `mqtts://127.0.0.1:${broker.port}`,
      ca: pem("ca"),
      cert: pem("device"),
      reconnect: { baseMs: 10, maxMs: 20 },
      key: { engine: "pkcs11", id },
    });

  test("mutual TLS with a key that stays in a PKCS#11 token", async () => {
    const thing = await connectWith(`pkcs11:token=device;object=key;pin-source=${dir}/pin`);
    await thing.publish("a", "signed by the token");
    expect(broker.published).toEqual([{ topic: "a", payload: "signed by the token" }]);
    broker.cutAll();
    await thing.connect(); // with the token once more
    await thing.disconnect();
  });

  test("a key that is not in the token is reported", async () => {
    await expect(connectWith("pkcs11:token=device;object=other;pin-value=1234")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      hint: expect.stringMatching(/the name of the key, its PIN/),
    });
  });
});
