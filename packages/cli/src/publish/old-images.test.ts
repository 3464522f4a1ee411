import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readOldImages } from "./old-images.js";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "old-images-"));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

async function read(deltaFrom: string[]) {
  const options = { cwd, signal: new AbortController().signal, onBytes: () => undefined };
  const { files, jobs } = await readOldImages({ deltaFrom }, options);
  return { files: files.map(({ name, slots }) => ({ name, slots })), jobs };
}

test("a file takes precedence over a job of the same name, a folder does not", async () => {
  await writeFile(join(cwd, "1.3.2"), "image");
  await mkdir(join(cwd, "1.4.0"));
  expect(await read(["1.3.2", "1.4.0"])).toEqual({
    files: [{ name: "1.3.2", slots: undefined }],
    jobs: ["1.4.0"],
  });
});

test("the path after the slot may have `=` and `:`", async () => {
  await writeFile(join(cwd, "a=b:c.bin"), "image");
  expect((await read(["1=a=b:c.bin", "./a=b:c.bin"])).files).toEqual([
    { name: "a=b:c.bin", slots: [1] },
    { name: "./a=b:c.bin", slots: undefined },
  ]);
});
