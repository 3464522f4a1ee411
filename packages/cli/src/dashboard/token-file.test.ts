import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tokenInFile } from "./token-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-token-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("creates the file for its owner with a random token, and uses it the next time", async () => {
  const path = join(folder, "token");
  const token = await tokenInFile(path, "token");
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await readFile(path, "utf8")).toBe(`${token}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await tokenInFile(path, "token")).toBe(token);
});

test.each(["", "secret", `${"x".repeat(40)} ${"y".repeat(40)}`, "ä".repeat(40)])(
  "%j is no token",
  async (text) => {
    const path = join(folder, "token");
    await writeFile(path, text, { mode: 0o600 });
    await expect(tokenInFile(path, "token")).rejects.toMatchObject({ code: "USAGE" });
  },
);

test("a file that everybody can read, a folder and a missing folder are refused", async () => {
  const path = join(folder, "token");
  await tokenInFile(path, "token");
  await chmod(path, 0o604);
  await expect(tokenInFile(path, "token")).rejects.toThrow(
    "every user of this machine can read the token in token",
  );
  await chmod(folder, 0o700);
  await expect(tokenInFile(folder, "folder")).rejects.toMatchObject({ code: "FILE_ACCESS" });
  await expect(tokenInFile(join(folder, "none", "token"), "none")).rejects.toMatchObject({
    code: "FILE_ACCESS",
  });
});
