import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { rolloutPlanJsonSchema } from "../../../../scripts/rollout-json-schema.js";
import { rolloutPlanFaults } from "./plan-schema.js";

const SHIPPED = new URL("../../fota.rollout.schema.json", import.meta.url);
const stage = { name: "canary", to: ["pump-1"] };
const plan = { name: "pump-1.4.0", publish: { image: "app.bin" }, stages: [stage] };

test("the shipped JSON Schema is what the code checks with (`npm run schema` writes it)", async () => {
  const shipped = JSON.parse(await readFile(SHIPPED, "utf8"));
  expect(shipped).toEqual(JSON.parse(JSON.stringify(rolloutPlanJsonSchema())));
});

test("a plan publishes, or begins from a job", () => {
  expect(rolloutPlanFaults(plan)).toEqual([]);
  expect(rolloutPlanFaults({ name: "r", from: "fota-1-4-0-3fa8c12b9e", stages: [stage] })).toEqual([]);
});

test.each<[unknown, string[]]>([
  [[], ["the file must be an object, got []"]],
  [{ ...plan, stagse: [] }, ['unknown key "stagse", did you mean "stages"?']],
  [
    { ...plan, publish: { image: "a", fwversion: "1" } },
    ['unknown key "publish.fwversion", did you mean "fwVersion"?'],
  ],
  [
    { ...plan, stages: [{ ...stage, gate: { succes: "98%" } }] },
    ['unknown key "stages[0].gate.succes", did you mean "success"?'],
  ],
  [
    { ...plan, stages: [{ name: "a b", to: [] }] },
    [
      'stages[0].name must have 1 to 32 of A-Z a-z 0-9 . _ -, and begin with a letter or digit, got "a b"',
      "stages[0].to must be a list of at least one target, got []",
    ],
  ],
  [{ ...plan, stages: [] }, ["stages must be a list of 1 to 20 stages, got []"]],
  [{ ...plan, from: "j1" }, ["give publish or from, one of them"]],
  [{ name: "r", stages: [stage] }, ["give publish or from, one of them"]],
  [{ ...plan, stages: [stage, stage] }, ['two stages have the name "canary"']],
  [
    {
      ...plan,
      stages: [
        { ...stage, start: "2026-12-01 02:00" },
        { ...stage, name: "all", start: "2026-12-02 02:00" },
      ],
    },
    [
      'stages[1].start must be relative, such as +2h: the stage starts when the gate before it opens, got "2026-12-02 02:00"',
    ],
  ],
])("each fault is named with its place: %j", (value, faults) => {
  expect(rolloutPlanFaults(value)).toEqual(faults);
});
