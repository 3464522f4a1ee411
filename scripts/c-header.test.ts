import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cCases } from "./vectors/c-cases.js";
import { signedDocumentVectors } from "./vectors/vectors.js";

const FOLDER = join(import.meta.dirname, "../c");
const WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-pedantic"];
const SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fota-c-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// The leak check needs ptrace, which some containers forbid. The header allocates nothing.
const env = { ...process.env, ASAN_OPTIONS: "detect_leaks=0" };
const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8", env });
const compiles = (compiler: string, source: string, ...args: string[]) => {
  const { status, stderr } = run(compiler, "-I", FOLDER, "-I", folder, source, ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
};
const hasOpenSsl = spawnSync("gcc", ["-E", "-include", "openssl/evp.h", "-"], { input: "" }).status === 0;

describe.skipIf(run("gcc", "--version").status !== 0)("c/fota_order.h (Debian: gcc, g++, libssl-dev)", () => {
  test.skipIf(!hasOpenSsl)("agrees with every vector that C can hold", () => {
    const { source, unreadable } = cCases(signedDocumentVectors().cases);
    for (const vector of unreadable) expect(vector).toMatchObject({ cause: "bad fota data" });
    expect(unreadable.length).toBeLessThan(30);
    writeFileSync(join(folder, "cases.h"), source);
    const program = join(folder, "check_vectors");
    const options = ["-std=c99", ...WARNINGS, ...SANITIZERS, "-o", program, "-lcrypto"];
    compiles("gcc", join(FOLDER, "test/check_vectors.c"), ...options);
    const count = signedDocumentVectors().cases.length - unreadable.length;
    expect(run(program)).toMatchObject({
      stdout: `${count} vectors, 0 differences\n`,
      stderr: "",
      status: 0,
    });
  });

  test("touches nothing outside of its buffers, whatever the values", () => {
    const program = join(folder, "fuzz");
    compiles("gcc", join(FOLDER, "test/fuzz.c"), "-std=c99", ...WARNINGS, ...SANITIZERS, "-o", program);
    const { stdout, stderr, status } = run(program, "3000", "1");
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toMatch(/^3000 rounds, [0-9]{3,} statements\n$/);
  });

  test("the example in c/README.md compiles", () => {
    const [, example = ""] = /```c\n(.*?)```/s.exec(readFileSync(join(FOLDER, "README.md"), "utf8")) ?? [];
    writeFileSync(join(folder, "example.c"), example);
    compiles(
      "gcc",
      join(folder, "example.c"),
      "-std=c99",
      ...WARNINGS,
      "-Wno-missing-field-initializers",
      "-fsyntax-only",
    );
  });

  test.skipIf(run("g++", "--version").status !== 0)("is C++11, too", () => {
    compiles("g++", join(FOLDER, "fota_order.h"), "-std=c++11", ...WARNINGS, "-fsyntax-only");
  });
});
