import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAgentConfig } from "./agent-config.js";

const WRITTEN = {
  endpoint: "abc123-ats.iot.eu-west-1.amazonaws.com",
  thingName: "gateway-7",
  cert: "cert.pem",
  key: "key.pem",
  ca: "AmazonRootCA1.pem",
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-agent-config-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function put(content: string): string {
  const path = join(dir, "agent.json");
  writeFileSync(path, content);
  return path;
}

test("paths start at the folder of the file, and other keys are ignored", async () => {
  const path = put(
    JSON.stringify({ ...WRITTEN, key: "/secure/key.pem", model: "gateway", hooks: "/etc/hooks" }),
  );
  expect(await readAgentConfig(path)).toEqual({
    ...WRITTEN,
    cert: join(dir, "cert.pem"),
    key: "/secure/key.pem",
    ca: join(dir, "AmazonRootCA1.pem"),
    model: "gateway",
  });
});

test("a thing without a model has none", async () => {
  expect(await readAgentConfig(put(JSON.stringify(WRITTEN)))).not.toHaveProperty("model");
});

test.each([
  ["no JSON", "{", /cannot use \S+agent\.json: .*JSON/],
  ["a list", "[]", /its "endpoint" is missing/],
  ["a text", '"agent"', /does not hold a JSON object/],
  ["no key", JSON.stringify({ ...WRITTEN, key: undefined }), /its "key" is missing/],
  ["a number", JSON.stringify({ ...WRITTEN, model: 7 }), /its "model" is not a text/],
])("%s is an error that names the file", async (_what, content, message) => {
  await expect(readAgentConfig(put(content))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(message),
  });
});

test("a missing file is an error with a hint", async () => {
  await expect(readAgentConfig(join(dir, "none.json"))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("ENOENT"),
    hint: expect.stringContaining("fota thing create"),
  });
});
