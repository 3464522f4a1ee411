import { expect, test } from "vitest";
import { describeFirmware, firmwareIn, firmwareText } from "./firmware.js";

test.each([
  [{ version: "1.4.0-rc.1+b7", image: "app.bin" }, "firmware 1.4.0-rc.1+b7, image app.bin"],
  [{ version: undefined, image: "pump_7.slot0.bin" }, "image pump_7.slot0.bin"],
])("%j is described as %s, and read from it again", (firmware, description) => {
  expect(describeFirmware(firmware)).toBe(description);
  expect({ version: undefined, ...firmwareIn(description) }).toEqual(firmware);
});

test.each([
  "for the heater",
  "firmware 1.4.0",
  "new image app.bin",
  "image of the spring release",
  "",
  undefined,
])("a description that a person wrote says nothing of it: %s", (description) => {
  expect(firmwareIn(description)).toEqual({});
});

test.each([
  [{ jobId: "fota-1-4-0-9243387d29", version: "1.4.0", image: "app.bin" }, "1.4.0"],
  [{ jobId: "spring", image: "app.bin" }, "app.bin"],
  [{ jobId: "fota-1-4-0-9243387d29" }, "1.4.0"],
  [{ jobId: "fota-1-4-0-rc-1-9243387d29" }, "1-4-0-rc-1"],
  [{ jobId: "fota-heater-2-9243387d29" }, "heater-2"],
  [{ jobId: "fota-2129af35f36420b264c3" }, ""],
  [{ jobId: "fota-2129af35f3" }, ""],
  [{ jobId: "spring" }, ""],
])("of %j people see %s", (job, text) => {
  expect(firmwareText(job)).toBe(text);
});
