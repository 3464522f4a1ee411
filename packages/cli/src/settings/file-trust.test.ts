import { chmod, chown, lchown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { distrustOf, trustedUsers } from "./file-trust.js";

const OTHER_UID = 65_534;
const isRoot = process.geteuid?.() === 0;
const users = trustedUsers({});
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-trust-"));
  file = join(folder, "fota.config.json");
  await writeFile(file, "{}", { mode: 0o644 });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function distrust(path = file, by = users): Promise<string | undefined> {
  if (by === undefined) throw new Error("this system has no user ids");
  return await distrustOf(path, by);
}

test("an own file in an own folder is trusted", async () => {
  expect(await distrust()).toBeUndefined();
});

test("a file that others can write is not trusted", async () => {
  await chmod(file, 0o646);
  expect(await distrust()).toBe("other users can write to it");
});

test("a file in a folder that others can write is not trusted, unless the folder is sticky as /tmp is", async () => {
  await chmod(folder, 0o777);
  expect(await distrust()).toBe(`other users can write to its folder ${folder}`);
  await chmod(folder, 0o1777);
  expect(await distrust()).toBeUndefined();
});

test("a file of a user that is not among the trusted ones is not trusted", async () => {
  const uid = process.geteuid?.() ?? -1;
  expect(await distrust(file, { uids: new Set([uid + 1]) })).toBe(`it belongs to another user (uid ${uid})`);
});

test("a link is looked at, and what it leads to", async () => {
  const open = join(folder, "open");
  await mkdir(open);
  await writeFile(join(open, "target"), "{}");
  await chmod(open, 0o777);
  const link = join(folder, "link");
  await symlink(join(open, "target"), link);
  expect(await distrust(link)).toBe(
    `it leads to ${join(open, "target")}: other users can write to its folder ${open}`,
  );
});

test("a link on the way in a folder that others can write is not trusted, whatever it leads to now", async () => {
  const open = join(folder, "open");
  await mkdir(open);
  await symlink("../fota.config.json", join(open, "middle"));
  await chmod(open, 0o777);
  const link = join(folder, "link");
  await symlink("open/middle", link);
  expect(await distrust(link)).toBe(
    `it leads to ${join(open, "middle")}: other users can write to its folder ${open}`,
  );
});

test("own links in own folders are trusted, and a loop of them is an error", async () => {
  await symlink("fota.config.json", join(folder, "one"));
  await symlink("one", join(folder, "two"));
  expect(await distrust(join(folder, "two"))).toBeUndefined();
  await symlink("loop", join(folder, "loop"));
  await expect(distrust(join(folder, "loop"))).rejects.toThrow("ELOOP");
});

test("sudo trusts who called it, and only root can be called by sudo", () => {
  const own = process.geteuid?.() ?? -1;
  const trusted = trustedUsers({ SUDO_UID: "1234" })?.uids;
  expect(trusted?.has(1234)).toBe(own === 0);
  expect(trusted?.has(own)).toBe(true);
  expect(trustedUsers({ SUDO_UID: "x" })?.uids).toEqual(new Set([own, 0]));
});

describe.skipIf(!isRoot)("with files of another user (needs root)", () => {
  test("another user's file is not trusted, also in a sticky folder", async () => {
    await chown(file, OTHER_UID, OTHER_UID);
    await chmod(folder, 0o1777);
    expect(await distrust()).toBe(`it belongs to another user (uid ${OTHER_UID})`);
  });

  test("a root-owned file is trusted by everyone", async () => {
    expect(await distrust(file, { uids: new Set([OTHER_UID, 0]) })).toBeUndefined();
  });

  test("another user's folder is not trusted, whoever wrote the file", async () => {
    await chown(folder, OTHER_UID, OTHER_UID);
    expect(await distrust()).toBe(`its folder ${folder} belongs to another user (uid ${OTHER_UID})`);
  });

  test("another user's link to an own file is not trusted", async () => {
    const link = join(folder, "link");
    await symlink(file, link);
    await lchown(link, OTHER_UID, OTHER_UID);
    await chmod(folder, 0o1777);
    expect(await distrust(link)).toBe(`it belongs to another user (uid ${OTHER_UID})`);
  });

  test("a group may write only where it is the user's own", async () => {
    await chmod(file, 0o664);
    expect(await distrust()).toBeUndefined();
    await chown(file, 0, OTHER_UID);
    expect(await distrust()).toBe("other users can write to it");
  });
});
