import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentConfig } from "@fota/shared";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "./read.js";

/** What `fota thing create` writes. */
const WRITTEN: AgentConfig = {
  endpoint: "abc123-ats.iot.eu-west-1.amazonaws.com",
  thingName: "gateway-7",
  cert: "cert.pem",
  key: "key.pem",
  ca: "AmazonRootCA1.pem",
  model: "gateway",
};
const KEY = `${"A".repeat(43)}=`;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-config-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function read(content: unknown, env: Record<string, string> = {}) {
  const path = join(dir, "agent.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return await readConfig({ path, env, cwd: "/work" });
}

test("the file of `fota thing create` is a configuration as it is", async () => {
  expect(await read(WRITTEN)).toEqual({
    ...WRITTEN,
    cert: join(dir, "cert.pem"),
    key: join(dir, "key.pem"),
    ca: join(dir, "AmazonRootCA1.pem"),
    stateDir: "/var/lib/fota",
    slots: { type: "files", slotSizeBytes: 1_073_741_824, slotCount: 2 },
    trial: { confirmAfterSeconds: 30, revertAfterSeconds: 900 },
    download: {},
    hooks: { dir: "/etc/fota/hooks.d", timeLimitSeconds: 60, selfTestTimeLimitSeconds: 300 },
    jobs: { dir: "/etc/fota/jobs.d", timeLimitSeconds: 600 },
    maintenance: { timeZone: "UTC", deferOnMetered: false, startJitterSeconds: 0 },
    mqtt: {},
    allowDowngrade: true,
    inventory: false,
    logLevel: "info",
  });
});

test("paths in the file start at its folder, those in the environment at the working folder", async () => {
  const config = { ...WRITTEN, stateDir: "state", slots: { type: "uboot", paths: ["a", "/dev/b"] } };
  expect(await read(config, { FOTA_AGENT_KEY: "other.pem" })).toMatchObject({
    stateDir: join(dir, "state"),
    slots: { paths: [join(dir, "a"), "/dev/b"] },
    key: "/work/other.pem",
  });
});

test("the environment overrides single values of the file", async () => {
  const env = {
    FOTA_AGENT_THING_NAME: "gateway-8",
    FOTA_AGENT_SLOTS_SLOT_SIZE_BYTES: "5000000",
    FOTA_AGENT_INVENTORY: "true",
    FOTA_AGENT_MAINTENANCE_MAX_BYTES_PER_SECOND: "65536",
    FOTA_AGENT_DOWNLOAD_ALLOWED_HOSTS: "a.example.com, *.s3.amazonaws.com",
    FOTA_AGENT_SLOTS_RESTART_COMMAND: '["systemctl", "restart", "my,app"]',
    FOTA_AGENT_TRUST_KEYS: `{"release": "${KEY}"}`,
    FOTA_AGENT_MODEL: "",
  };
  expect(await read({ ...WRITTEN, slots: { type: "files", slotCount: 3 } }, env)).toMatchObject({
    thingName: "gateway-8",
    model: "gateway",
    slots: {
      type: "files",
      slotCount: 3,
      slotSizeBytes: 5_000_000,
      restartCommand: ["systemctl", "restart", "my,app"],
    },
    inventory: true,
    maintenance: { maxBytesPerSecond: 65_536 },
    download: { allowedHosts: ["a.example.com", "*.s3.amazonaws.com"] },
    trust: { keys: { release: KEY } },
  });
});

test("a variable for the default slots needs no variable for their type, but slots in the file need a type", async () => {
  expect(await read(WRITTEN, { FOTA_AGENT_SLOTS_DIR: "/boot" })).toMatchObject({
    slots: { type: "files", dir: "/boot" },
  });
  await expect(read({ ...WRITTEN, slots: { dir: "/boot" } })).rejects.toThrow(/slots\.type is missing/);
});

test("an error never shows the text of a key", async () => {
  const key = ["-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"];
  await expect(read({ ...WRITTEN, key })).rejects.toThrow(/agent\.json: key must be a path$/);
});

test("a trusted key is the key itself or the path of its file", async () => {
  const pem = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";
  const { trust } = await read({ ...WRITTEN, trust: { keys: { a: KEY, b: pem, c: "release.pub" } } });
  expect(trust?.keys).toEqual({ a: KEY, b: pem, c: join(dir, "release.pub") });
});

test.each([
  ["no JSON", "{", /agent\.json is not valid JSON: .*position 1/],
  ["nothing in it, as after a power cut", "", /agent\.json is not valid JSON: it is empty$/],
  ["a list", "[]", /does not hold a JSON object/],
  ["a missing key", { ...WRITTEN, key: undefined }, /agent\.json: key is missing$/],
  ["an unknown key", { ...WRITTEN, stateDri: "/x" }, /unknown key "stateDri", did you mean "stateDir"\?/],
  [
    "an unknown key of slots",
    { ...WRITTEN, slots: { type: "files", slotSizeByte: 5 } },
    /unknown key "slots.slotSizeByte", did you mean "slotSizeBytes"\?/,
  ],
  [
    "an unknown kind of slots",
    { ...WRITTEN, slots: { type: "grubb" } },
    /slots\.type must be one of files, uboot, grub/,
  ],
  [
    "a wrong unit",
    { ...WRITTEN, trial: { confirmAfterSeconds: -1 } },
    /trial\.confirmAfterSeconds must be a number of seconds from 0 up, got -1/,
  ],
  [
    "a limit of the download below the rate at which the agent gives up",
    { ...WRITTEN, maintenance: { maxBytesPerSecond: 500 } },
    /maintenance\.maxBytesPerSecond must be a whole number from 1024 up, got 500/,
  ],
  [
    "two faults",
    { ...WRITTEN, model: 7, inventory: "yes" },
    /model must be a string, got 7; inventory must be true or false, got "yes"/,
  ],
])("%s is an error that names the file and the key", async (_what, content, message) => {
  await expect(read(content)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });
});

test.each([
  [
    { FOTA_AGENT_ENDPIONT: "x" },
    "unknown variable FOTA_AGENT_ENDPIONT in the environment",
    "set FOTA_AGENT_ENDPOINT instead",
  ],
  [
    { FOTA_AGENT_INVENTORY: "maybe" },
    'FOTA_AGENT_INVENTORY is not true or false: "maybe"',
    "fix or unset the variable",
  ],
  [
    { FOTA_AGENT_MQTT_KEEP_ALIVE_SECONDS: "1m" },
    'FOTA_AGENT_MQTT_KEEP_ALIVE_SECONDS is not a number: "1m"',
    "fix or unset the variable",
  ],
  [
    { FOTA_AGENT_TRUST_KEYS: "{" },
    'FOTA_AGENT_TRUST_KEYS is not valid JSON: "{"',
    "fix or unset the variable",
  ],
])("%j in the environment is an error", async (env, message, hint) => {
  await expect(read(WRITTEN, env)).rejects.toMatchObject({ code: "CONFIG_INVALID", message, hint });
});

test("the environment alone is a configuration if it has the endpoint", async () => {
  const env = Object.fromEntries(
    Object.entries(WRITTEN).map(([key, value]) => [
      `FOTA_AGENT_${key.replace("thingName", "thing_name").toUpperCase()}`,
      value,
    ]),
  );
  expect(await readConfig({ path: undefined, env, cwd: dir })).toMatchObject({
    endpoint: WRITTEN.endpoint,
    cert: join(dir, "cert.pem"),
  });
});

test("a configuration that is named but missing is an error", async () => {
  const missing = join(dir, "none.json");
  const env = { FOTA_AGENT_CONFIG: missing, FOTA_AGENT_ENDPOINT: "x" };
  await expect(readConfig({ path: undefined, env, cwd: "/" })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `there is no configuration at ${missing}`,
    hint: expect.stringContaining("fota thing create"),
  });
});

test("a folder in place of the configuration is an error", async () => {
  await expect(readConfig({ path: dir, env: {}, cwd: "/" })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/^cannot read the configuration: .*EISDIR/),
  });
});
