import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fleetJsonSchema } from "../../../../scripts/fleet-json-schema.js";
import { ASSUMED_FLEET } from "./fleet-file.js";
import { fleetFaults } from "./fleet-schema.js";

const SHIPPED = new URL("../../fota.fleet.schema.json", import.meta.url);
const linkSpeed = { medianBytesPerSecond: 1000 };
const group = { name: "v1", weight: 1, linkSpeed };

test("the shipped JSON Schema is what the code checks with (`npm run schema` writes it)", async () => {
  expect(JSON.parse(await readFile(SHIPPED, "utf8"))).toEqual(JSON.parse(JSON.stringify(fleetJsonSchema())));
});

test("the assumed fleet and the example of docs/publish.md are valid", async () => {
  const page = await readFile(new URL("../../../../docs/publish.md", import.meta.url), "utf8");
  const [, example = ""] = /## A rehearsal.*?```json\n(.*?)```/s.exec(page) ?? [];
  expect([fleetFaults(ASSUMED_FLEET), fleetFaults(JSON.parse(example))]).toEqual([[], []]);
});

test.each<[unknown, string[]]>([
  ["text", ['the file must be an object, got "text"']],
  [{ groups: [] }, ["groups must be a list of at least one group, got []"]],
  [{ groups: [group], siez: 3 }, ['unknown key "siez", did you mean "size"?']],
  [{ groups: [{ ...group, hangShare: 2 }] }, ["groups[0].hangShare must be a number from 0 to 1, got 2"]],
  [
    { size: 0, groups: [group, { ...group, weight: undefined, linkSpeed: {} }] },
    [
      "size must be a whole number from 1 to 2000000, got 0",
      "groups[1].weight is missing",
      "groups[1].linkSpeed.medianBytesPerSecond is missing",
    ],
  ],
])("each fault is named with its place: %j", (value, faults) => {
  expect(fleetFaults(value)).toEqual(faults);
});
