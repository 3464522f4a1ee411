import { expect, test } from "vitest";
import { type Column, csvOf, formatTable, layoutOf, pickColumns } from "./table.js";

interface Row {
  thing: string;
  tries: number;
  cause: string;
}

const COLUMNS: Column<Row>[] = [
  { name: "thing", value: ({ thing }) => thing, style: () => "bold" },
  { name: "tries", value: ({ tries }) => String(tries), right: true },
  { name: "cause", value: ({ cause }) => cause },
];
const ROWS: Row[] = [
  { thing: "a", tries: 12, cause: "digest-mismatch: expected one, found another" },
  { thing: "thermostat-7", tries: 1, cause: "" },
];
const plain = (_style: string, text: string) => text;

test("a row that is wrapped keeps its last column whole, below itself", () => {
  const { line } = layoutOf(ROWS, COLUMNS, plain, 40, "wrap");
  expect(ROWS.slice(0, 1).map(line)).toEqual([
    [
      "a                12  digest-mismatch:",
      "                     expected one, found",
      "                     another",
    ].join("\n"),
  ]);
});

test("columns are aligned, numbers at their right edge, and no line ends in spaces", () => {
  expect(formatTable(ROWS, COLUMNS, plain, 80)).toBe(
    [
      "THING         TRIES  CAUSE",
      "a                12  digest-mismatch: expected one, found another",
      "thermostat-7      1",
    ].join("\n"),
  );
});

test("what is longer than the terminal is cut in the last column only", () => {
  expect(formatTable(ROWS, COLUMNS, plain, 40).split("\n")[1]).toBe(
    "a                12  digest-mismatch: e…",
  );
  expect(formatTable(ROWS, COLUMNS, plain, 5).split("\n")[1]).toBe("a                12  digest-mism…");
});

test("colour is no part of a width", () => {
  const marked = (_style: string, text: string) => `<${text}>`;
  expect(formatTable(ROWS, COLUMNS, marked, 80).split("\n")[1]).toBe(
    "<a>                12  digest-mismatch: expected one, found another",
  );
});

test("a streamed row that is wider than the sample is whole", () => {
  const { line } = layoutOf(ROWS.slice(0, 1), COLUMNS, plain, 80);
  expect(line({ thing: "longer-than-sample", tries: 1, cause: "x" })).toBe("longer-than-sample      1  x");
});

test("CSV quotes what needs it and gives a spreadsheet no formula", () => {
  const { head, line } = csvOf(COLUMNS);
  expect(head).toBe("thing,tries,cause");
  expect(line({ thing: "a,b", tries: -1, cause: 'said "no"' })).toBe('"a,b",-1,"said ""no"""');
  expect(line({ thing: "=1+1", tries: 1, cause: "two\nlines" })).toBe("'=1+1,1,two lines");
  for (const text of ["+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", " =1"]) {
    expect(line({ thing: text, tries: 1, cause: "" })).toMatch(/^'/);
  }
  expect(line({ thing: "+7.5", tries: 1, cause: "" })).toBe("+7.5,1,");
});

test("--columns picks and orders; an unknown one is reported with all that there are", () => {
  expect(pickColumns(COLUMNS, ["thing"], undefined).map(({ name }) => name)).toEqual(["thing"]);
  expect(pickColumns(COLUMNS, ["thing"], "cause, Thing").map(({ name }) => name)).toEqual(["cause", "thing"]);
  expect(() => pickColumns(COLUMNS, ["thing"], "owner")).toThrow(
    expect.objectContaining({ code: "USAGE", hint: "give --columns some of thing, tries, cause" }),
  );
});

test("a cell begins no line of its own, and takes no more than its width", () => {
  const rows = [{ thing: "a\nb", tries: 1, cause: "c\r\n\td" }];
  expect(formatTable(rows, COLUMNS, plain, 80).split("\n")[1]).toBe("a b        1  c d");
  expect(formatTable(rows, COLUMNS, plain, 0).split("\n")).toHaveLength(2);
});

test("wide characters take two columns: cells stay below each other, and a cut one fits", () => {
  const rows = [
    { group: "group:泵组-东区-第一批次", outcome: "1 failed" },
    { group: "group:beta", outcome: "2 succeeded" },
  ];
  const columns: Column<(typeof rows)[number]>[] = [
    { name: "target", value: ({ group }) => group, shrinkTo: 12 },
    { name: "outcome", value: ({ outcome }) => outcome },
  ];
  const table = (width: number) => formatTable(rows, columns, (_style, text) => text, width);
  expect(table(80)).toBe(
    [
      "TARGET                    OUTCOME",
      "group:泵组-东区-第一批次  1 failed",
      "group:beta                2 succeeded",
    ].join("\n"),
  );
  expect(table(26)).toBe(
    ["TARGET         OUTCOME", "group:泵组-…   1 failed", "group:beta     2 succeeded"].join("\n"),
  );
});
