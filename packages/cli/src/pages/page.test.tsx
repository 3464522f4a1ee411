import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { enhanceTables } from "./enhance-tables.js";
import { renderPage, renderPart, scriptOf } from "./page.js";
import { Commands, Facts, Panel } from "./panel.js";
import { StackedBar } from "./stacked-bar.js";
import { ThingsTable } from "./things-table.js";
import { TimeChart } from "./time-chart.js";

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;
const hashOf = (text: string) => createHash("sha256").update(text).digest("base64");

test("a page permits only its own style and scripts, by their hashes", () => {
  const page = renderPage({ title: "t", body: <p>text</p>, scripts: [scriptOf(enhanceTables)] });
  const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
  const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? "";
  const policy = /content="(default-src[^"]*)"/.exec(page)?.[1];
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hashOf(style)}'; script-src 'sha256-${hashOf(script)}'; ` +
      "img-src data:; base-uri 'none'; form-action 'none'",
  );
});

test("a page without scripts permits none, and a live page adds directives", () => {
  const page = renderPage({ title: "t", body: <p />, scripts: [], csp: { "form-action": "'self'" } });
  expect(page).toContain("script-src 'none'");
  expect(page).toContain("form-action 'self'");
  expect(page).not.toContain("form-action 'none'");
});

test("hostile text stays text in every component", () => {
  const look = { tone: "good" } as const;
  const page = renderPage({
    title: HOSTILE,
    scripts: [],
    body: (
      <Panel id="p" title={HOSTILE}>
        <Facts rows={[[HOSTILE, HOSTILE]]} />
        <Commands steps={[{ command: HOSTILE, why: HOSTILE }]} />
        <StackedBar id="b" title={HOSTILE} unit={HOSTILE} parts={[{ label: HOSTILE, count: 1, look }]} />
        <TimeChart
          id="c"
          title={HOSTILE}
          desc={HOSTILE}
          scale="utc"
          times={[0, 60_000]}
          series={[{ label: HOSTILE, look, values: [0, 1] }]}
          marks={[{ atMs: 1, label: HOSTILE }]}
        />
        <ThingsTable
          id="t"
          caption={HOSTILE}
          columns={[HOSTILE]}
          groups={[{ label: HOSTILE, tone: "bad", rows: [[HOSTILE, HOSTILE]] }]}
        />
      </Panel>
    ),
  });
  expect(page).not.toMatch(/<script|<img/);
  expect(page).toContain("&lt;script");
});

test("characters that reverse the direction of text are replaced", () => {
  expect(renderPart(<p>{"pump\u202e7\u0007"}</p>)).toBe("<p>pump\ufffd7\ufffd</p>");
});
