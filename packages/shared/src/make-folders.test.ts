import { posix } from "node:path";
import { expect, test } from "vitest";
import { makeFolders } from "./make-folders.js";

/** A file system that has these folders; what begins with /proc is never made, as there. */
function tools(there: Set<string>, refuse: Record<string, string> = {}) {
  const asked: string[] = [];
  return {
    asked,
    dirname: posix.dirname,
    async mkdir(path: string) {
      asked.push(path);
      const fail = (code: string) => Object.assign(new Error(`${code}: mkdir ${path}`), { code });
      const code = refuse[path];
      if (code !== undefined) throw fail(code);
      if (there.has(path)) throw fail("EEXIST");
      if (path.startsWith("/proc/") || !there.has(posix.dirname(path))) throw fail("ENOENT");
      there.add(path);
    },
  };
}

test("all that is missing is made, from above", async () => {
  const there = new Set(["/", "/a"]);
  await makeFolders("/a/b/c/d", tools(there));
  expect([...there]).toEqual(["/", "/a", "/a/b", "/a/b/c", "/a/b/c/d"]);
});

test("a folder that is there is left as it is", async () => {
  await makeFolders("/a", tools(new Set(["/", "/a"])));
});

test("where nothing can be made it ends, with the reason", async () => {
  const proc = tools(new Set(["/", "/proc"]));
  await expect(makeFolders("/proc/nope/deeper", proc)).rejects.toMatchObject({ code: "ENOENT" });
  expect(proc.asked.length).toBeLessThan(8);
});

test.each(["EACCES", "ENOTDIR", "ENOSPC", "ELOOP", "ENAMETOOLONG", "EROFS"])(
  "%s is reported",
  async (code) => {
    const there = new Set(["/", "/a"]);
    await expect(makeFolders("/a/b", tools(there, { "/a/b": code }))).rejects.toMatchObject({ code });
  },
);
