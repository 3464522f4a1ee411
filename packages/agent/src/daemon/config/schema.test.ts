import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { agentConfigJsonSchema } from "../../../../../scripts/agent-config-json-schema.js";

const SHIPPED = new URL("../../../fota-agent.schema.json", import.meta.url);

test("the shipped JSON Schema is the one that the program checks with (npm run schema)", () => {
  expect(JSON.parse(readFileSync(SHIPPED, "utf8"))).toEqual(agentConfigJsonSchema());
});
