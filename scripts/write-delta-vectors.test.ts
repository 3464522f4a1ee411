import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { PatchReader } from "../packages/shared/src/index.js";
import { deltaVectors } from "./vectors/delta-cases.js";

const FOLDER = join(import.meta.dirname, "../vectors");
const FILE = join(FOLDER, "deltas.json");
const PYTHON = "/usr/bin/python3";
const VECTORS = deltaVectors();

test("vectors/deltas.json is up to date: `npm run vectors` writes it", () => {
  expect(JSON.parse(readFileSync(FILE, "utf8"))).toEqual(VECTORS);
});

test("each vector has a name of its own", () => {
  const names = VECTORS.cases.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test.each(VECTORS.cases)("fota agrees: $verdict: $name", async ({ image, from, patch, verdict }) => {
  const old = Buffer.from(VECTORS.old, "base64");
  const sha256 = createHash("sha256");
  const reader = new PatchReader({
    image,
    from,
    inflate: inflateInto,
    readOld: async (offsetBytes, bytes) => bytes.set(old.subarray(offsetBytes, offsetBytes + bytes.length)),
  });
  const isRead = await reader
    .write(Buffer.from(patch, "base64"), async (bytes) => void sha256.update(bytes))
    .then(() => reader.isComplete)
    .catch(() => false);
  expect(isRead && sha256.digest("hex") === image.sha256 ? "made" : "refused").toBe(verdict);
});

function inflateInto(payload: Uint8Array, out: Uint8Array): number {
  const bytes = inflateRawSync(payload, { maxOutputLength: out.length });
  out.set(bytes);
  return bytes.length;
}

const hasPython = spawnSync(PYTHON, ["--version"]).status === 0;
describe.skipIf(!hasPython)("vectors/check_delta.py (Debian: python3)", () => {
  const check = (file: string) =>
    spawnSync(PYTHON, [join(FOLDER, "check_delta.py"), file], { encoding: "utf8" });

  test("agrees with every vector, by the documentation alone", () => {
    const { status, stdout } = check(FILE);
    expect(stdout).toBe(`${VECTORS.cases.length} vectors, 0 differences\n`);
    expect(status).toBe(0);
  });

  test("reports a vector on which it disagrees", () => {
    const folder = mkdtempSync(join(tmpdir(), "fota-vectors-"));
    try {
      const [first, second] = VECTORS.cases;
      const cases = [{ ...first, verdict: "refused" }, second];
      writeFileSync(join(folder, "wrong.json"), JSON.stringify({ ...VECTORS, cases }));
      const { status, stdout } = check(join(folder, "wrong.json"));
      expect(stdout).toBe(`${first?.name}: made, expected refused\n2 vectors, 1 differences\n`);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
