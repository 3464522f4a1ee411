import { createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../context.js";
import { connectionsOf, isOnThisMachine } from "./connection.js";

test.each(["mqtt://127.0.0.1:1883", "mqtts://localhost:8883", "mqtts://[::1]:8883", "mqtt://127.0.0.1"])(
  "%s is on this machine: its images may come by http",
  (url) => {
    expect(isOnThisMachine(url)).toBe(true);
  },
);

test.each([
  "mqtts://abc123-ats.iot.eu-west-1.amazonaws.com:8883",
  "mqtt://192.168.0.7:1883",
  "mqtts://localhost.example.com:8883",
  "mqtts://localhost@broker.example:8883",
  undefined,
])("%s is not", (url) => {
  expect(isOnThisMachine(url)).toBe(false);
});

describe("an encrypted key", () => {
  const TLS = join(import.meta.dirname, "../../../agent/test/fixtures/tls");
  let cwd: string;
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), "fota-passphrase-"));
    const key = createPrivateKey(await readFile(join(TLS, "device-key.pem")));
    const encrypted = { cipher: "aes-256-cbc", passphrase: "open sesame" };
    await writeFile(join(cwd, "key.pem"), key.export({ format: "pem", type: "pkcs8", ...encrypted }));
  });
  afterEach(async () => await rm(cwd, { recursive: true }));

  const connect = (passphraseFile: string) =>
    connectionsOf({ host: { cwd }, settings: { local: false } } as unknown as Context, {
      mqtt: "mqtts://broker.example:8883",
      cert: join(TLS, "device.pem"),
      key: "key.pem",
      passphraseFile,
    });

  test.each([
    ["a line", "open sesame\n"],
    ["a line of Windows", "open sesame\r\n"],
    ["a text without a line end", "open sesame"],
    ["a line with others below", "open sesame\nrotated in May\n"],
  ])("is opened by the first line of the passphrase file: %s", async (_what, text) => {
    await writeFile(join(cwd, "passphrase"), text);
    const connection = (await connect("passphrase")).of("thing", cwd);
    expect(await connection.options(() => {})).toMatchObject({
      identity: { key: expect.stringMatching(/^-----BEGIN PRIVATE KEY/) },
    });
  });

  test("with a wrong passphrase, or a file that is not there, is CONFIG_INVALID", async () => {
    await writeFile(join(cwd, "passphrase"), "guess");
    await expect(connect("passphrase")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/does not decrypt/),
    });
    await expect(connect("nope")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/the passphrase cannot be read from .*nope/),
    });
  });
});
