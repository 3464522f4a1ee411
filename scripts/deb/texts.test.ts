import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { nodejsRange } from "./dependencies.mjs";
import { manPage } from "./man-pages.mjs";

test("the range of Node.js becomes one of Debian's nodejs", () => {
  const { engines } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../packages/agent/package.json"), "utf8"),
  );
  expect(nodejsRange(engines.node)).toBe("nodejs (>= 20.19.0), nodejs (<< 21) | nodejs (>= 22.12.0)");
  expect(() => nodejsRange(">=24")).toThrow("cannot translate the range >=24");
});

test("a man page shows dots, backslashes and hyphens as they are", () => {
  const sections = [["OPTIONS", ".hidden --dry-run\n'quoted' C:\\"]] as const;
  const page = manPage({ name: "tool", summary: "do it", sections, version: "1.2.0", epochSeconds: 0 });
  expect(gunzipSync(page).toString()).toBe(`.TH TOOL 1 "1970-01-01" "fota 1.2.0"
.SH NAME
tool \\- do it
.SH OPTIONS
.nf
\\&.hidden \\-\\-dry\\-run
\\&'quoted' C:\\e
.fi
`);
});
