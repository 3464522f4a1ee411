import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { configJsonSchema } from "../../../../scripts/config-json-schema.js";
import { CONFIG_KEYS } from "./config-schema.js";

const SHIPPED = new URL("../../fota.config.schema.json", import.meta.url);

test("the shipped JSON Schema is what the code checks with (`npm run schema` writes it)", async () => {
  expect(JSON.parse(await readFile(SHIPPED, "utf8"))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test("an editor finds a word about each key, and refuses others", async () => {
  const schema = JSON.parse(await readFile(SHIPPED, "utf8"));
  expect(Object.keys(schema.properties)).toEqual(CONFIG_KEYS);
  for (const key of CONFIG_KEYS) expect(schema.properties[key].description, key).toMatch(/\w/);
  expect(schema.additionalProperties).toBe(false);
  expect(schema.properties.rollouts.additionalProperties.additionalProperties).toBe(false);
  expect(schema.properties.presign.enum).toEqual(["cli", "iot"]);
});
