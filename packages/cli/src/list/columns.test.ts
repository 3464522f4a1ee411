import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { formatTable, pickColumns } from "../terminal/table.js";
import { jobColumns, usualColumns } from "./columns.js";
import type { ListedJobResult } from "./result.js";

const JOB: ListedJobResult = {
  jobId: "fota-2-1-0-0547d1368d",
  jobArn: "arn:aws:iot:us-east-1:000000000000:job/fota-2-1-0-0547d1368d",
  status: "COMPLETED",
  continuous: false,
  version: "2.1.0",
  targets: ["arn:aws:iot:us-east-1:000000000000:thinggroup/beta"],
  total: 12_000,
  counts: { ...NO_COUNTS, succeeded: 11_999, failed: 1 },
};

test("with counts, a table fits into 80 columns without the outcome, which the counts repeat", () => {
  const usual = usualColumns({ counts: true, ofThing: false, csv: false, utc: false });
  const columns = pickColumns(
    jobColumns((iso) => iso, { counts: true }),
    usual,
    undefined,
  );
  const [head = "", row = ""] = formatTable([JOB], columns, (_style, text) => text, 80).split("\n");
  expect(head).toMatch(/^JOB +TARGET.* +TOTAL +SUCCEEDED +UNSUCCESSFUL +PENDING$/);
  expect(Math.max(head.length, row.length)).toBeLessThanOrEqual(80);
  expect(formatTable([JOB], columns, (_style, text) => text, 200)).toContain("OUTCOME");
});
