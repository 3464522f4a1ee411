import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { canMount, SmallDisk } from "../../test/small-disk.js";
import { simulatedState } from "./simulated-state.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-simulated-state-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

test("the last text that was saved is loaded, by another process, too; nothing before the first", async () => {
  const path = join(folder, "new", "state.json");
  const state = simulatedState(path);
  expect(await state.load()).toBeUndefined();
  await state.save("one");
  await state.save("two");
  expect(await simulatedState(path).load()).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ["while it wrote the next one", { "state.json": "old", "state.json.new": "to" }, "old"],
  ["before it removed the old one", { "state.json": "old", "state.json.new": "torn?" }, "old"],
  ["before it renamed the new one", { "state.json.new": "new" }, "new"],
])("a file of an earlier release is read, also if that was killed %s", async (_when, files, text) => {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const state = simulatedState(join(folder, "state.json"));
  expect(await state.load()).toBe(text);
  await state.save("next");
  expect(await simulatedState(join(folder, "state.json")).load()).toBe("next");
});

test("a save that a kill cuts at any byte leaves the text before or the new one, and the next save counts", async () => {
  const path = join(folder, "state.json");
  const texts = ["the first text", "a second text, which is longer", "third", "{}"];
  for (const [index, text] of texts.entries()) {
    const before = index === 0 ? undefined : texts[index - 1];
    const files = await contents();
    await simulatedState(path).save(text);
    const after = await contents();
    const [name = ""] = Object.keys(after).filter((one) => after[one] !== files[one]);
    const [old = "", whole = ""] = [files[name], after[name]];
    for (let bytes = 0; bytes <= whole.length; bytes += 1) {
      const torn = whole.slice(0, bytes) + old.slice(bytes); // before the file is cut to its new length
      await writeFile(join(folder, name), torn);
      const isWhole = torn === whole;
      expect(await simulatedState(path).load()).toBe(isWhole ? text : before);
      if (bytes % 16 !== 0) continue;
      await simulatedState(path).save("after the kill");
      expect(await simulatedState(path).load()).toBe("after the kill");
      for (const one of await readdir(folder)) await rm(join(folder, one));
      for (const [one, content] of Object.entries(files)) await writeFile(join(folder, one), content);
    }
    await writeFile(join(folder, name), whole);
  }
});

async function contents(): Promise<Record<string, string>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

test("it saves again after its folder was removed", async () => {
  const state = simulatedState(join(folder, "removed", "state.json"));
  await state.save("one");
  await rm(join(folder, "removed"), { recursive: true });
  await state.save("two");
  expect(await state.load()).toBe("two");
});

test("a folder in its place is STATE_ACCESS with the path", async () => {
  const path = join(folder, "state.json");
  await mkdir(path);
  const message = expect.stringContaining(path);
  await expect(simulatedState(path).load()).rejects.toMatchObject({ code: "STATE_ACCESS", message });
  await expect(simulatedState(path).save("x")).rejects.toMatchObject({ code: "STATE_ACCESS", message });
});

test.skipIf(!canMount)(
  "a save that fits on a full disk only in part rejects, and the last one counts",
  async () => {
    const path = join(folder, "disk", "state.json");
    await mkdir(join(folder, "disk"));
    const disk = new SmallDisk(join(folder, "disk"), "64k");
    try {
      const state = simulatedState(path);
      await state.save("one");
      await state.save("two");
      const full = writeFile(join(folder, "disk", "other"), Buffer.alloc(100_000));
      await expect(full).rejects.toMatchObject({ code: "ENOSPC" });
      await expect(state.save("3".repeat(6000))).rejects.toMatchObject({ code: "STATE_ACCESS" });
      expect(await simulatedState(path).load()).toBe("two");
      await state.save("four");
      expect(await simulatedState(path).load()).toBe("four");
    } finally {
      disk.unmount();
    }
  },
);
