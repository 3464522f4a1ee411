import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { signedDocumentVectors } from "./vectors/vectors.js";

const FOLDER = join(import.meta.dirname, "../vectors");
const FILE = join(FOLDER, "signed-documents.json");
const PYTHON = "/usr/bin/python3"; // Debian's, which has Debian's packages

test("vectors/signed-documents.json is up to date: `npm run vectors` writes it", () => {
  expect(JSON.parse(readFileSync(FILE, "utf8"))).toEqual(signedDocumentVectors());
});

test("each vector has a name of its own", () => {
  const names = signedDocumentVectors().cases.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

const hasCryptography = spawnSync(PYTHON, ["-c", "import cryptography"]).status === 0;
describe.skipIf(!hasCryptography)("vectors/check.py (Debian: python3, python3-cryptography)", () => {
  const check = (file: string) => spawnSync(PYTHON, [join(FOLDER, "check.py"), file], { encoding: "utf8" });

  test("agrees with every vector, by the documentation alone", () => {
    const { status, stdout } = check(FILE);
    expect(stdout).toBe(`${signedDocumentVectors().cases.length} vectors, 0 differences\n`);
    expect(status).toBe(0);
  });

  test("reports vectors on which it disagrees", () => {
    const folder = mkdtempSync(join(tmpdir(), "fota-vectors-"));
    try {
      const [first, second, third] = signedDocumentVectors().cases;
      const cases = [{ ...first, statement: "other" }, { ...second, verdict: "refused" }, third];
      writeFileSync(join(folder, "wrong.json"), JSON.stringify({ cases }));
      const { status, stdout } = check(join(folder, "wrong.json"));
      expect(stdout.split("\n").map((line) => line.split(":")[0])).toEqual([
        first?.name,
        second?.name,
        "3 vectors, 2 differences",
        "",
      ]);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
