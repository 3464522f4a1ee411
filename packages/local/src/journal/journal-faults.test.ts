/** A disk on which one operation fails, each in turn: acknowledged records stay, refused ones do not appear. */
import fs, { mkdtemp, readdir, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ListState } from "../../test/support/list-state.js";
import { openJournal } from "./journal.js";

const NO_FAULT = { failsAt: 0, failsOn: "" };
const disk = { ...NO_FAULT, calls: 0, failed: "" };
const { open: openReal, rename: renameReal } = fs;

function guard(name: string): void {
  disk.calls += 1;
  const { failsAt, failsOn, failed } = disk;
  const isNamed = failsOn !== "" && failed === "" && name.replace(dir, "").startsWith(failsOn);
  if (disk.calls !== failsAt && !isNamed) return;
  disk.failed = name;
  throw Object.assign(new Error(`${name} failed`), { code: "ENOSPC" });
}

beforeAll(() => {
  vi.spyOn(fs, "open").mockImplementation(async (path, flags, mode) => {
    guard(`open ${String(path)}`);
    const file = await openReal(path, flags, mode);
    for (const name of ["write", "writeFile", "sync", "datasync", "truncate"] as const) {
      const call = file[name].bind(file) as (...given: unknown[]) => Promise<unknown>;
      Object.assign(file, {
        [name]: async (...given: unknown[]) => {
          guard(`${name} ${String(path)}`);
          return await call(...given);
        },
      });
    }
    return file;
  });
  vi.spyOn(fs, "rename").mockImplementation(async (from, to) => {
    guard(`rename ${String(to)}`);
    await renameReal(from, to);
  });
  syncBuiltinESMExports(); // the journal imports the functions by name
});

afterAll(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-journal-faults-"));
});

afterEach(() => rm(dir, { recursive: true }));

async function open() {
  const state = new ListState();
  const journal = await openJournal({ dir, state, compactAtBytes: 170 });
  return {
    journal,
    state: () => state.values,
    add: (value: number) => {
      state.values.push(value);
      return journal.append(value);
    },
  };
}

/** Appends records while one operation fails, and checks what is there afterwards. Returns the operation that failed. */
async function appendWithFault(fault: { failsAt?: number; failsOn?: string }): Promise<string> {
  await rm(dir, { recursive: true, force: true });
  const { journal, state, add } = await open();
  const acknowledged: number[] = [];
  Object.assign(disk, { ...NO_FAULT, ...fault, calls: 0, failed: "" });
  for (let value = 1; value <= 8; value += 1) {
    try {
      await add(value);
      acknowledged.push(value);
    } catch {
      await journal.reload();
    }
    expect(state(), disk.failed).toEqual(acknowledged);
  }
  // Closing would cancel a snapshot that is being written, and then no later step of it would fail.
  await expect.poll(() => readdir(dir), { interval: 1 }).not.toContain("snapshot.json.new");
  const { failed } = disk;
  Object.assign(disk, NO_FAULT);
  await journal.close();
  const again = await open();
  expect(again.state(), failed).toEqual(acknowledged);
  await again.journal.close();
  return failed;
}

test("no failing operation loses an acknowledged record or keeps a refused one", async () => {
  for (let failsAt = 1; (await appendWithFault({ failsAt })) !== ""; failsAt += 1);
});

// How far a snapshot is when the nth operation fails depends on the load. These fail in any case.
test.each([
  "open /journal-",
  "sync /journal-",
  "write /snapshot",
  "sync /snapshot",
  "rename /snapshot",
  "sync ",
])("the first failing '%s' loses no acknowledged record and keeps no refused one", async (failsOn) => {
  expect(await appendWithFault({ failsOn })).not.toBe("");
});

test("a probe that is cut off leaves no record", async () => {
  const { journal, add } = await open();
  await add(1);
  Object.assign(disk, { failsAt: 3, calls: 0, failed: "" }); // after its write and datasync, it removes what it wrote
  await expect(journal.probe(2)).rejects.toThrow("truncate");
  Object.assign(disk, NO_FAULT);
  await journal.close();
  const again = await open();
  expect(again.state()).toEqual([1]);
  await again.journal.close();
});

test("a snapshot that is given up leaves no file, also if it is complete", async () => {
  const { journal, add } = await open();
  for (let value = 1; !(await readdir(dir)).includes("journal-2.ndjson"); value += 1) await add(value);
  await journal.close();
  expect(await readdir(dir)).not.toContain("snapshot.json.new");
});
