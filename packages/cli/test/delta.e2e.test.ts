import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { appliedDeltaSchema, deltaInfoSchema, madeDeltaSchema } from "../src/delta/result.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const OLD = randomBytes(60_000);
const NEW = Buffer.concat([OLD.subarray(0, 20_000), randomBytes(300), OLD.subarray(20_000)]);

let cwd: string;
beforeEach(async () => {
  stubEnvironment();
  cwd = await mkdtemp(join(tmpdir(), "fota-delta-"));
  await writeFile(join(cwd, "old.bin"), OLD);
  await writeFile(join(cwd, "new.bin"), NEW);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cwd, { recursive: true });
});

async function delta(...args: string[]) {
  return await runFota(["delta", ...args], { cwd });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("a patch is made, described and applied", async () => {
  const made = await delta("make", "new.bin", "--from", "old.bin", "--out", "a.patch", "--json");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const patch = await readFile(join(cwd, "a.patch"));
  const facts = {
    file: "a.patch",
    bytes: patch.length,
    sha256: sha256(patch),
    frameBytes: 16_384,
    image: { sizeBytes: NEW.length, sha256: sha256(NEW) },
    from: { sizeBytes: OLD.length, sha256: sha256(OLD) },
  };
  expect(v.parse(madeDeltaSchema, JSON.parse(made.stdout))).toMatchObject(facts);
  expect(patch.length).toBeLessThan(1_000);

  const info = await delta("info", "a.patch", "--json");
  expect(v.parse(deltaInfoSchema, JSON.parse(info.stdout))).toMatchObject({
    ...facts,
    frames: [
      { kind: "copy", count: 3 },
      { kind: "delta", count: 1 },
    ],
  });

  const applied = await delta("apply", "a.patch", "--from", "old.bin", "--out", "made.bin", "--json");
  expect(v.parse(appliedDeltaSchema, JSON.parse(applied.stdout)).image).toEqual(facts.image);
  expect((await readFile(join(cwd, "made.bin"))).equals(NEW)).toBe(true);
});

test("a compressed image needs no old one", async () => {
  await writeFile(join(cwd, "text.bin"), "firmware ".repeat(9_000));
  const made = await delta("make", "text.bin", "--out", "text.fz");
  expect(made.stdout).toMatch(/^✔ text\.fz: a compressed image of \d+ B, 0\.\d % of the image's 79\.1 KiB\n/);
  expect((await delta("info", "text.fz")).stdout).toMatch(/^ {2}old image {3}none$/m);
  expect((await delta("apply", "text.fz", "--out", "made.bin")).code).toBe(0);
  expect(await readFile(join(cwd, "made.bin"), "utf8")).toBe("firmware ".repeat(9_000));
});

test("nothing is replaced, and nothing is left after an error", async () => {
  await delta("make", "new.bin", "--from", "old.bin", "--out", "a.patch");
  const patch = await readFile(join(cwd, "a.patch"));
  const files = await readdir(cwd);
  const cases: [args: string[], code: number, message: string][] = [
    [["make", "new.bin", "--out", "old.bin"], 1, "old.bin exists; it was not replaced (FILE_ACCESS)"],
    [["make", "none.bin", "--out", "b"], 1, 'there is no file "none.bin" (IMAGE_NOT_FOUND)'],
    [["make", "new.bin", "--from", "none.bin", "--out", "b"], 1, "(IMAGE_NOT_FOUND)"],
    [["make", "new.bin", "--out", "none/b"], 1, "cannot write none/b: "],
    [["make", "new.bin"], 2, "--out"],
    [
      ["apply", "a.patch", "--out", "b"],
      2,
      `the patch needs an image of 60000 bytes, sha256 ${sha256(OLD)} (USAGE)`,
    ],
    [
      ["apply", "a.patch", "--from", "new.bin", "--out", "b"],
      1,
      `new.bin has ${sha256(NEW)} (DELTA_INVALID)`,
    ],
    [["apply", "none", "--out", "b"], 1, "cannot read none: "],
    [["apply", "old.bin", "--out", "b"], 1, "it does not begin with FDLT (DELTA_INVALID)"],
    [["apply", "cut.patch", "--from", "old.bin", "--out", "b"], 1, "it ends early (DELTA_INVALID)"],
    [
      ["apply", "wrong.patch", "--from", "old.bin", "--out", "b"],
      1,
      "an image with another digest (DELTA_INVALID)",
    ],
    [["info", "cut.patch"], 1, "it ends early (DELTA_INVALID)"],
    [["info", "long.patch"], 1, "1 bytes follow its last frame (DELTA_INVALID)"],
  ];
  await writeFile(join(cwd, "cut.patch"), patch.subarray(0, -1));
  await writeFile(join(cwd, "long.patch"), Buffer.concat([patch, Buffer.alloc(1)]));
  const wrong = Buffer.from(patch);
  wrong[88 + 5] = (wrong[88 + 5] as number) ^ 1; // copies from one byte later
  await writeFile(join(cwd, "wrong.patch"), wrong);
  for (const [args, code, message] of cases) {
    const { stderr, ...result } = await delta(...args);
    expect({ args, code: result.code }).toEqual({ args, code });
    expect(stderr).toContain(message);
  }
  expect((await readdir(cwd)).sort()).toEqual([...files, "cut.patch", "long.patch", "wrong.patch"].sort());
  expect((await readFile(join(cwd, "old.bin"))).equals(OLD)).toBe(true);
});
