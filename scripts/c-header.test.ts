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

/** Calls the function of the example; the stub for Ed25519 prints the statement and accepts it. */
const EXAMPLE_MAIN = `
#include <stdio.h>
int verify_ed25519(const uint8_t public_key[32], const uint8_t *message, size_t length, const uint8_t signature[64]) {
  (void)public_key;
  (void)signature;
  return fwrite(message, 1, length, stdout) == length;
}
int main(void) {
  const fota_text md5 = fota_text_of("${"a1".repeat(16)}");
  const fota_text sha256 = fota_text_of("${"b2".repeat(32)}");
  const fota_image images[] = {{1, 100, md5, sha256}, {0, 100, md5, sha256}};
  const fota_text things[] = {fota_text_of("lab-1")};
  const fota_signature signature = {fota_text_of("release-2026"), fota_text_of("${"A".repeat(86)}==")};
  const fota_order order = {.images = images, .image_count = 2, .model = fota_text_of("thermostat-v2"),
                            .version = fota_text_of("1.4.0"), .seq = 66560, .signed_at_seconds = 1780000000,
                            .things = things, .thing_count = 1};
  printf("accepted: %d\\n", is_release_for_us(&order, &signature, 1));
  return 0;
}
`;

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

  test("the example in c/README.md accepts a release with all facts that fota signs", () => {
    const [, example = ""] = /```c\n(.*?)```/s.exec(readFileSync(join(FOLDER, "README.md"), "utf8")) ?? [];
    writeFileSync(join(folder, "example.c"), `${example}${EXAMPLE_MAIN}`);
    const program = join(folder, "example");
    const options = ["-std=c99", ...WARNINGS, "-Wno-missing-field-initializers", "-o", program];
    compiles("gcc", join(folder, "example.c"), ...options);
    const { stdout } = run(program);
    expect(stdout).toMatch(/^fota order 2\nimage 0 .*\nimage 1 .*\nmodel thermostat-v2\nversion 1\.4\.0\n/);
    expect(stdout).toMatch(/\nseq 66560\nsigned 1780000000\nfor thing lab-1\naccepted: 1\n$/);
  });

  test.skipIf(run("g++", "--version").status !== 0)("is C++11, too", () => {
    compiles("g++", join(FOLDER, "fota_order.h"), "-std=c++11", ...WARNINGS, "-fsyntax-only");
  });
});
