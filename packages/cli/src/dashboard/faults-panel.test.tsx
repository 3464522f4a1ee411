import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { renderPart } from "../pages/page.js";
import { faultsPanel } from "./faults-panel.js";
import type { Part } from "./page-view.js";

const textOf = (parts: readonly Part[], throttled = false) =>
  faultsPanel(parts, throttled)
    .map(({ node }) => renderPart(node).replace(/<[^>]+>/g, " "))
    .join("");
const denied = new FotaError("ACCESS_DENIED", "cannot list jobs", {
  hint: "the credentials need iot:ListJobs",
});

test("without a fault there is no panel", () => {
  expect(faultsPanel([["jobs", { value: [], readAt: new Date(0) }]], false)).toEqual([]);
});

test("a fault of several parts is shown once, with the age of each part", () => {
  const text = textOf([
    ["jobs", { value: [], readAt: new Date("2026-11-24T05:01:02Z"), fault: denied }],
    ["fleet", { fault: denied }],
    ["things", { value: [], readAt: new Date(0) }],
  ]);
  expect(text.match(/cannot list jobs/g)).toHaveLength(1);
  expect(text).toContain("the credentials need iot:ListJobs");
  expect(text).toContain("jobs: as of 05:01:02 UTC; fleet: not read yet.");
});

test("throttling is shown while reads wait for it, and not as a fault", () => {
  expect(textOf([["jobs", {}]], true)).toContain("AWS throttles requests");
});
