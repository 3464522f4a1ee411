import { expect, test } from "vitest";
import { versionQueryHint } from "./version-query.js";

test.each([
  ["shadow.name.fota.reported.version<2.0", "'<2.0'"],
  ["attributes.site:lab AND shadow.name.fota.reported.version:<=2.0.1", "'<=2.0.1'"],
  ["shadow.name.fota.reported.version >= 1.4 AND shadow.name.fota.reported.version < 1.10", "'>=1.4 <1.10'"],
  ["shadow.name.$package.reported.thermo.version>1", "'>1'"],
  ["shadow.name.fota.reported.version:[1.0 TO 2.0}", "'>=1.0 <2.0'"],
  ["shadow.name.fota.reported.version:{1.0 TO 2.0]", "'>1.0 <=2.0'"],
])("%s is answered with the range that fota compares itself", (query, range) => {
  const hint = versionQueryHint(query);
  expect(hint).toContain(`fota fleet --version ${range} --columns thing --csv`);
  expect(hint).toMatch(/^let fota compare versions/);
});

test.each([
  "shadow.name.fota.reported.version:(0.* OR 1.*)",
  "attributes.version:1.4",
  "connectivity.timestamp>1700000000",
  "shadow.name.fota.reported.version:[* TO *]",
])("%s compares no versions", (query) => {
  expect(versionQueryHint(query)).toBeUndefined();
});
