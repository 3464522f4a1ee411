import { expect, test } from "vitest";
import { CONFIG_VARIABLE, listFields } from "./fields.js";

test("each field has a variable of its own and a description", () => {
  const fields = listFields();
  const variables = fields.map(({ variable }) => variable);
  expect(new Set(variables).size).toBe(fields.length);
  expect(variables).not.toContain(CONFIG_VARIABLE);
  expect(fields.filter(({ description }) => description === "").map(({ variable }) => variable)).toEqual([]);
});

test("a variable is the keys in capitals, and fields tell kind, default and the slots that have them", () => {
  const fieldOf = (variable: string) => listFields().find((field) => field.variable === variable);
  expect(fieldOf("FOTA_AGENT_SLOTS_SLOT_COUNT")).toMatchObject({
    keys: ["slots", "slotCount"],
    kind: "number",
    default: 2,
    types: ["files"],
  });
  expect(fieldOf("FOTA_AGENT_SLOTS_RUNNING_SLOT")).toMatchObject({
    types: ["files", "uboot", "grub"],
    description:
      "slot that runs (default: the one that `fota-boot` runs); uboot: slot that runs (default: fota.slot= in the kernel's command line)",
  });
  expect(fieldOf("FOTA_AGENT_SLOTS_TYPE")).toMatchObject({
    choices: expect.arrayContaining(["files", "uboot"]),
  });
  expect(fieldOf("FOTA_AGENT_SLOTS_TYPE")).not.toHaveProperty("types");
  expect(fieldOf("FOTA_AGENT_ENDPOINT")).toMatchObject({ isRequired: true, kind: "text" });
  expect(fieldOf("FOTA_AGENT_TRUST_KEYS")).toMatchObject({ kind: "object" });
});
