import { expect, test } from "vitest";
import { Histogram } from "./histogram.js";
import { formatNumber, formatShare } from "./numbers.js";
import { renderPart } from "./page.js";
import { StackedBar } from "./stacked-bar.js";
import { ThingsTable } from "./things-table.js";
import { timeFormatOf } from "./time-axis.js";
import { TimeChart } from "./time-chart.js";

const GOOD = { tone: "good" } as const;
const BAD = { tone: "bad" } as const;

/** Returns the text of each cell, row by row. */
function cellsOf(html: string): string[][] {
  return html
    .split("<tr>")
    .slice(1)
    .map((row) =>
      row
        .split(/<t[hd][^>]*>/)
        .slice(1)
        .map((cell) =>
          cell
            .replace(/<svg.*?<\/svg>/g, "")
            .replace(/<.*?>/g, "")
            .replaceAll("&lt;", "<"),
        ),
    );
}

test("one failure among 10,000 things stays visible in the bar, and its table has the exact count", () => {
  const parts = [
    { label: "succeeded", count: 9_999, look: GOOD },
    { label: "failed", count: 1, look: BAD },
    { label: "queued", count: 0, look: { tone: "wait" } as const },
  ];
  const html = renderPart(<StackedBar id="b" title="Counts" unit="things" parts={parts} />);
  const widths = [...html.matchAll(/<rect class="fill [^>]*width="([\d.]+)%"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([99, 1]);
  expect(html).toContain("<title>failed: 1 (&lt;1 %)</title></rect>");
  expect(cellsOf(html).slice(1)).toEqual([
    ["succeeded", "9,999", ">99 %"],
    ["failed", "1", "<1 %"],
    ["queued", "0", "0 %"],
  ]);
});

test("a bar without things draws nothing", () => {
  const parts = [{ label: "succeeded", count: 0, look: GOOD }];
  const html = renderPart(<StackedBar id="b" title="Counts" unit="things" parts={parts} />);
  expect(html).not.toContain('role="img"');
});

test("a chart over time has its numbers in a table, with bands and gaps", () => {
  const html = renderPart(
    <TimeChart
      id="c"
      title="Progress"
      desc="2 things"
      scale="elapsed"
      times={[0, 60_000, 120_000]}
      series={[
        { label: "succeeded", look: GOOD, values: [0, 1_200, null] },
        { label: "median", look: BAD, values: [0, 2, 4], band: { low: [0, 1, 2], high: [0, 3, 6] } },
      ]}
    />,
  );
  expect(cellsOf(html)).toEqual([
    ["Time", "succeeded", "median", "median, low", "median, high"],
    ["0 s", "0", "0", "0", "0"],
    ["60 s", "1,200", "2", "1", "3"],
    ["120 s", "", "4", "2", "6"],
  ]);
  expect(html).toContain('<path class="line" d="M0 182L500 0"');
  // On a phone, every second label of the axis would overlap the one before it.
  expect([...html.matchAll(/<text class="\w+( spare)?"[^>]*>\d+ s</g)].map(([, spare]) => spare)).toEqual(
    Array.from({ length: 5 }, (_, i) => (i % 2 === 1 ? " spare" : undefined)),
  );
});

test("a histogram has a row for each bin and each mark", () => {
  const html = renderPart(
    <Histogram
      id="h"
      title="Duration"
      desc="3 things"
      unit="things"
      bins={[
        { from: 0, to: 10, count: 1 },
        { from: 10, to: 20, count: 2 },
      ]}
      marks={[{ value: 15, label: "median" }]}
      format={(value) => `${value} s`}
      look={GOOD}
    />,
  );
  expect(cellsOf(html).slice(1)).toEqual([
    ["0 s to 10 s", "1"],
    ["10 s to 20 s", "2"],
    ["median", "15 s"],
  ]);
  expect(html).toContain('x1="77.5%"');
  const scale = [...html.matchAll(/<text x="0" y="[\d.]+">(\d+)<\/text>/g)].map(([, count]) => count);
  expect(scale).toEqual(["1", "2"]);
  expect(html).toContain("height: things in each range");
});

test("a row of the table of things costs few bytes", () => {
  const rows = [["pump-1", "4 min", "", ""]];
  const columns = ["Thing", "Took", "Updated", "Report"];
  const html = renderPart(
    <ThingsTable id="t" caption="Things" columns={columns} groups={[{ label: "ok", tone: "good", rows }]} />,
  );
  expect(html).toContain("<tr><th>pump-1<td>4 min</table>");
});

test("shares are exact at both ends", () => {
  expect([0, 1, 500, 999, 1000].map((part) => formatShare(part, 1000))).toEqual([
    "0 %",
    "<1 %",
    "50 %",
    ">99 %",
    "100 %",
  ]);
  expect(formatNumber(1234567.891)).toBe("1,234,567.89");
});

test("times show the day only where the axis needs it", () => {
  const at = Date.UTC(2026, 10, 30, 2, 5, 9);
  expect(timeFormatOf("utc", 60_000)(at)).toBe("02:05:09");
  expect(timeFormatOf("utc", 3_600_000)(at)).toBe("02:05");
  expect(timeFormatOf("utc", 2 * 86_400_000)(at)).toBe("Nov 30 02:05");
  expect(timeFormatOf("utc", 9 * 86_400_000)(at)).toBe("Nov 30");
});
