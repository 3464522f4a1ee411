import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { readSettings } from "../settings/settings.js";
import { accessTo, needsPathStyle } from "./access.js";

test.each([
  [undefined, false],
  ["https://s3.eu-west-1.amazonaws.com", false],
  ["http://minio.internal:9000", false],
  ["http://localhost:4566", true],
  ["http://127.0.0.1:4566", true],
  ["http://[::1]:4566", true],
  ["http://aws:4566", true], // the name of a container: the DNS of Docker knows no name below it
] as const)("%s: a bucket in the path is %s", (endpoint, pathStyle) => {
  expect(needsPathStyle(endpoint)).toBe(pathStyle);
});

test("a CA bundle that cannot be read is reported before anything is asked", async () => {
  const host = {
    env: { AWS_CA_BUNDLE: "no-such.pem" },
    cwd: tmpdir(),
    homeDir: tmpdir(),
    signal: new AbortController().signal,
  };
  const settings = await readSettings({}, host);
  await expect(accessTo(settings, host)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("no-such.pem"),
  });
});
