import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { renderPart } from "../pages/page.js";
import type { JobSummary } from "../status/result.js";
import { overviewView } from "./overview-view.js";
import type { Sources } from "./sources.js";

const NOW = new Date("2026-11-24T00:00:00Z");

function contentOf(jobs: JobSummary[]) {
  const overview = { reading: { value: { jobs, more: false } } };
  const view = overviewView({ overview, fleet: { reading: {} } } as unknown as Sources, () => "fota");
  const { title, panels } = view.render(NOW);
  const texts = panels.map(({ id, node }) => [id, renderPart(node).replace(/<[^>]+>/g, " ")] as const);
  return { title, texts: new Map(texts) };
}

const job = { counts: NO_COUNTS, total: 0, continuous: false };
const GOING = {
  ...job,
  jobId: "going",
  status: "IN_PROGRESS",
  counts: { ...NO_COUNTS, inProgress: 1 },
  total: 1,
  expectedEnd: "2026-11-24T03:00:00Z",
};
const PLANNED = { ...job, jobId: "planned", status: "SCHEDULED", startsAt: "2026-11-24T08:00:00Z" };

test("jobs that are scheduled are not in progress, and have their start in a column of its own", () => {
  const { title, texts } = contentOf([PLANNED]);
  expect(title).toBe("1 scheduled - fota");
  expect(texts.get("now")).toContain("1 job is scheduled");
  expect(texts.has("running")).toBe(false);
  expect(texts.get("scheduled")).toMatch(/Starts.*planned.*in 8 h/s);
});

test("next to a job in progress, each has its own table", () => {
  const { title, texts } = contentOf([GOING, PLANNED]);
  expect(title).toBe("1 in progress - fota");
  expect(texts.get("running")).toMatch(/Expected end.*going.*in 3 h/s);
  expect(texts.get("running")).not.toContain("planned");
  expect(texts.get("scheduled")).not.toContain("going");
});
