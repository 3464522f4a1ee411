import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readGrubEnv, writeGrubEnv } from "./grub-env.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-grub-env-"));
  path = join(folder, "fota.env");
});
afterEach(async () => await rm(folder, { recursive: true }));

const blockOf = (lines: string) =>
  `# GRUB Environment Block\n# WARNING: a comment=1\n${lines}`.padEnd(1024, "#");

test("reads variables, and no comments", async () => {
  await writeFile(path, blockOf("saved_entry=Linux a=b\nfota_trial=1\n"));
  expect(Object.fromEntries(await readGrubEnv(path))).toEqual({ saved_entry: "Linux a=b", fota_trial: "1" });
});

test("replaces digits in place: the rest of the file, its size and its inode stay", async () => {
  await writeFile(path, blockOf("a=0\nother=x\nb=1\n"));
  const { ino } = await stat(path);
  await writeGrubEnv(path, { a: 2, b: 3 });
  expect(await readFile(path, "utf8")).toBe(blockOf("a=2\nother=x\nb=3\n"));
  expect((await stat(path)).ino).toBe(ino);
});

test.each([
  ["a variable that is missing", "a=0\n", { b: 1 }],
  ["a longer value, whose change would move others", "a=00\n", { a: 1 }],
  ["a value of two digits", "a=0\n", { a: 10 }],
])("refuses %s, and changes nothing", async (_what, lines, variables) => {
  await writeFile(path, blockOf(lines));
  await expect(writeGrubEnv(path, variables)).rejects.toMatchObject({ code: "BOOT_RECORD_INVALID" });
  expect(await readFile(path, "utf8")).toBe(blockOf(lines));
});

test("names the file that is not a block, and what to do", async () => {
  await writeFile(path, "a=0\n");
  await expect(readGrubEnv(path)).rejects.toMatchObject({
    code: "BOOT_RECORD_INVALID",
    message: `${path} is not an environment block of GRUB`,
    hint: "create the block as docs/grub.md describes",
  });
});
