import { readFileSync } from "node:fs";
import { CAUSES } from "@fota/shared";
import { expect, test } from "vitest";
import { CAUSE_TABLE, canPass } from "./cause-table.js";

const guide = readFileSync(new URL("../../../../docs/device-guide.md", import.meta.url), "utf8");
const operations = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
const rows = [...guide.matchAll(/^\| `([^`]+)` +\| (.*?) +\| (.*?) +\|$/gm)];

test.each(CAUSES)("the device guide says of %s what `fota why` says", (cause) => {
  const [, , what, advice] = rows.find(([, reason]) => reason === cause) ?? [];
  expect(CAUSE_TABLE[cause]).toMatchObject({
    what: what?.replaceAll("`", ""),
    advice: advice?.replaceAll("`", ""),
  });
});

test("the operations guide lists the causes that stay with the same image", () => {
  const [, list = ""] = /Some causes stay the same with the same image: ([^.]+)\./.exec(operations) ?? [];
  const listed = [...list.matchAll(/`([^`]+)`/g)].map(([, cause]) => cause);
  expect(listed.sort()).toEqual(CAUSES.filter((cause) => !canPass(cause)).sort());
});
