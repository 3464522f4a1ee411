import { readFileSync } from "node:fs";
import { CAUSES } from "@fota/shared";
import { expect, test } from "vitest";
import { CAUSE_MEANINGS } from "./cause-meanings.js";

const guide = readFileSync(new URL("../../../../docs/device-guide.md", import.meta.url), "utf8");
const rows = [...guide.matchAll(/^\| `([^`]+)` +\| (.*?) +\| (.*?) +\|$/gm)];

test.each(CAUSES)("the device guide says of %s what `fota why` says", (cause) => {
  const [, , what, advice] = rows.find(([, reason]) => reason === cause) ?? [];
  expect(CAUSE_MEANINGS[cause]).toEqual({
    what: what?.replaceAll("`", ""),
    advice: advice?.replaceAll("`", ""),
  });
});
