import { expect, test } from "vitest";
import { formatMetrics } from "./metrics-text.js";

test("families have HELP and TYPE, samples their labels; a family without samples is left out", () => {
  expect(
    formatMetrics([
      {
        name: "fota_x",
        help: "Things.",
        type: "gauge",
        samples: [{ labels: { a: "1", b: "2" }, value: 3 }, { value: 0.5 }],
      },
      { name: "fota_y", help: "None.", type: "counter", samples: [] },
    ]),
  ).toBe('# HELP fota_x Things.\n# TYPE fota_x gauge\nfota_x{a="1",b="2"} 3\nfota_x 0.5\n');
});

test("quotes, backslashes and line breaks in a label cannot end it", () => {
  const labels = { v: 'a"} 1\nfota_forged 2\\' };
  expect(
    formatMetrics([{ name: "m", help: "a\\b\nc", type: "gauge", samples: [{ labels, value: 1 }] }]),
  ).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{v="a\\"} 1\\nfota_forged 2\\\\"} 1\n');
});
