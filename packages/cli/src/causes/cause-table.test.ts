import { readFileSync } from "node:fs";
import { CAUSES } from "@fota/shared";
import { expect, test } from "vitest";
import { canPass } from "./cause-table.js";

const operations = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");

test("the operations guide lists the causes that stay with the same image", () => {
  const [, list = ""] = /Some causes stay the same with the same image: ([^.]+)\./.exec(operations) ?? [];
  const listed = [...list.matchAll(/`([^`]+)`/g)].map(([, cause]) => cause);
  expect(listed.sort()).toEqual(CAUSES.filter((cause) => !canPass(cause)).sort());
});
