import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findExecutable } from "./find.js";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-find-"));
  path = join(dir, "hook");
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(text: string, mode = 0o755): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

const find = () => findExecutable(dir, "hook");

test("a script, a script without an interpreter and a binary are found; nothing is absent", async () => {
  expect(await find()).toBeUndefined();
  expect(await findExecutable(join(dir, "absent"), "hook")).toBeUndefined();
  for (const text of ["#!/bin/sh\nexit 0\n", "#! /bin/sh -e\nexit 0\n", "exit 0\n", "\x7fELF\0\0\r\n"]) {
    write(text);
    expect(await find()).toBe(path);
  }
});

test.each<[string, () => void, RegExp, RegExp]>([
  [
    "every user can change",
    () => write("#!/bin/sh\n", 0o757),
    /can be written by every user/,
    /^run `chmod o-w /,
  ],
  ["is not executable", () => write("#!/bin/sh\n", 0o644), /hook is not executable$/, /^run `chmod \+x /],
  ["is a folder", () => mkdirSync(path), /hook is not a file$/, /^replace it/],
  ["is empty, as after a power cut", () => write(""), /hook is empty$/, /^write it again/],
  [
    "needs a missing interpreter",
    () => write("#!/no/such/python3 -u\n"),
    /hook needs the interpreter \/no\/such\/python3, which does not exist/,
    /^install it/,
  ],
  ["has CR LF", () => write("#!/bin/sh -e\r\nexit 0\r\n"), /hook has Windows line ends$/, /^run `sed -i /],
  [
    "is a link that leads nowhere",
    () => symlinkSync("/no/such/hook", path),
    /hook is a link to a file that does not exist$/,
    /^restore the file/,
  ],
  [
    "is a link to itself",
    () => symlinkSync(path, path),
    /the link leads back to itself \(ELOOP\)/,
    /^remove the link/,
  ],
])("one that %s is an error with a hint", async (_what, make, message, hint) => {
  make();
  await expect(find()).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
});

test("the folder must be one that only its owner can change, or with the sticky bit", async () => {
  write("#!/bin/sh\n");
  chmodSync(dir, 0o777);
  await expect(find()).rejects.toThrow(`${dir} can be written by every user`);
  chmodSync(dir, 0o1777);
  expect(await find()).toBe(path);
  await expect(findExecutable(path, "hook")).rejects.toThrow(
    /a part of the path is not a folder \(ENOTDIR\)/,
  );
});

describe.skipIf(process.getuid?.() !== 0)("as root", () => {
  test("a link that another user has placed in a sticky folder is refused, wherever it leads", async () => {
    chmodSync(dir, 0o1777);
    symlinkSync("/bin/true", path);
    expect(await find()).toBe(path);
    lchownSync(path, 1234, 1234);
    await expect(find()).rejects.toMatchObject({
      message: `${path} belongs to user 1234, who could have fota-agent run anything`,
      hint: `run \`chown -h root ${path}\``,
    });
  });

  test("a folder of another user is refused: its owner can replace what is in it", async () => {
    write("#!/bin/sh\n");
    chownSync(dir, 1234, 1234);
    await expect(find()).rejects.toMatchObject({
      message: `${dir} belongs to user 1234, who could have fota-agent run anything`,
      hint: `run \`chown root ${dir}\``,
    });
  });
});
