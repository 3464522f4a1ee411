import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { readSettings, uploadsInParts } from "./settings.js";

async function read(options: Parameters<typeof readSettings>[0], env: Record<string, string> = {}) {
  return await readSettings(options, { env, cwd: tmpdir(), homeDir: tmpdir() });
}

test("an option comes before the environment", async () => {
  const env = { AWS_PROFILE: "env", AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL_S3: "http://s3.env" };
  const settings = await read(
    { profile: "flag", region: "eu-north-1", endpointUrl: "http://127.0.0.1:1" },
    env,
  );
  expect(settings).toMatchObject({
    profile: "flag",
    region: "eu-north-1",
    iotEndpoint: "http://127.0.0.1:1",
    s3Endpoint: "http://127.0.0.1:1",
  });
});

test("the endpoint of one service comes before that of all", async () => {
  const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1/", AWS_ENDPOINT_URL_S3: "https://s3.example.com" };
  expect(await read({}, env)).toMatchObject({
    iotEndpoint: "http://127.0.0.1:1",
    s3Endpoint: "https://s3.example.com",
  });
});

test("a password in an endpoint goes no further: errors and warnings show the endpoint", async () => {
  const env = { AWS_ENDPOINT_URL: "https://user:p@ss@aws.example.com/base?a=@b" };
  expect((await read({}, env)).iotEndpoint).toBe("https://aws.example.com/base?a=@b");
});

test("AWS_REGION comes before AWS_DEFAULT_REGION, which counts too", async () => {
  const env = { AWS_DEFAULT_REGION: "eu-south-1" };
  expect((await read({}, env)).region).toBe("eu-south-1");
  expect((await read({}, { ...env, AWS_REGION: "eu-west-3" })).region).toBe("eu-west-3");
});

test("an empty variable is as good as none", async () => {
  const env = { AWS_PROFILE: "", AWS_REGION: "", AWS_ENDPOINT_URL: "" };
  expect(await read({}, env)).toMatchObject({
    profile: undefined,
    region: undefined,
    iotEndpoint: undefined,
    local: false,
  });
});

test.each(["localhost:4566", "ftp://127.0.0.1", "4566"])("%j is no endpoint", async (endpointUrl) => {
  await expect(read({ endpointUrl })).rejects.toMatchObject({
    code: "ENDPOINT_INVALID",
    message: expect.stringContaining(endpointUrl),
  });
});

test.each([
  [false, undefined, true],
  [false, "https://s3.example.com", true],
  [false, "http://10.0.0.7:9000", true],
  [false, "http://127.0.0.1:4566", false],
  [false, "http://[::1]:4566", false],
  [false, "http://localhost:4566", false],
  [true, undefined, false],
] as const)("--local %s at %s: large images go up in parts: %s", (local, s3Endpoint, inParts) => {
  expect(uploadsInParts({ local, s3Endpoint })).toBe(inParts);
});
