/** boto3 (Debian: `python3-boto3`) against the index. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startLocal } from "../src/index.js";

const run = promisify(execFile);
/** Debian's package belongs to Debian's Python, which may not be the first one on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import boto3"]).status === 0,
);
if (python === undefined) console.warn("skipped: boto3 is not installed (Debian: python3-boto3)");

test.skipIf(python === undefined)("boto3 searches and aggregates a fleet by its shadows", async () => {
  const [local, home] = await Promise.all([startLocal(), mkdtemp(join(tmpdir(), "fota-boto3-search-"))]);
  try {
    const script = fileURLToPath(new URL("./boto3-search.py", import.meta.url));
    const env = { PATH: process.env["PATH"], HOME: home };
    const { stdout } = await run(`${python}`, [script, local.endpoint], { env, timeout: 120_000 });
    expect(JSON.parse(stdout)).toEqual({
      default: "ON",
      below: ["pump-2", "pump-3"],
      members: ["shadow", "thingId", "thingName"],
      shadow: { version: "2.0", slot: 0 },
      pages: [2, 2, 1],
      buckets: [5, ["1.0", 3], ["2.0", 2]],
      group: ["pump-2", "pump-3", "pump-4"],
      refusals: [
        "InvalidQueryException",
        "InvalidRequestException",
        "ResourceNotFoundException",
        "InvalidRequestException",
        "InvalidAggregationException",
        "InvalidAggregationException",
        "InvalidRequestException",
      ],
    });
  } finally {
    await local.stop();
    await rm(home, { recursive: true, force: true });
  }
});
