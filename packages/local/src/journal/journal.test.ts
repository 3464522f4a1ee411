import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canMount, SmallDisk } from "../../../agent/test/small-disk.js";
import { costOf, ListState } from "../../test/support/list-state.js";
import { openJournal } from "./journal.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-journal-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A journal whose state is the list of its records. */
async function open(compactAtBytes?: number) {
  const state = new ListState();
  const journal = await openJournal({ dir, state, ...(compactAtBytes !== undefined && { compactAtBytes }) });
  const append = (record: unknown) => {
    state.values.push(record);
    return journal.append(record, costOf(record));
  };
  return {
    append,
    probe: (record: unknown) => journal.probe(record),
    reload: () => journal.reload(),
    catchUp: () => journal.catchUp(),
    close: () => journal.close(),
    state: () => state.values,
    replayed: () => state.replayed,
  };
}

const files = async () => (await readdir(dir)).sort();

test("records are replayed in order, also those of one write", async () => {
  const first = await open();
  await Promise.all(Array.from({ length: 100 }, (_, index) => first.append({ index })));
  await first.append("last");
  await first.close();
  const second = await open();
  expect(second.state()).toEqual([...Array.from({ length: 100 }, (_, index) => ({ index })), "last"]);
  expect(second.replayed()).toBe(101);
  await second.close();
});

test("opening again changes no file, and replays the records again", async () => {
  const first = await open();
  await first.append(1);
  await first.close();
  const before = await Promise.all((await files()).map((name) => readFile(join(dir, name))));
  const second = await open();
  expect([second.state(), second.replayed()]).toEqual([[1], 1]);
  await second.close();
  expect(await files()).toEqual(["journal-1.ndjson", "snapshot.json"]);
  expect(await Promise.all((await files()).map((name) => readFile(join(dir, name))))).toEqual(before);
});

test("records that take long to replay lead to a snapshot, also at the next start", async () => {
  const snapshot = async () => JSON.stringify(await readFile(join(dir, "snapshot.json"), "latin1"));
  const first = await open(10_000);
  const before = await snapshot();
  await first.append({ cost: 2_000 });
  await first.close();
  expect(await snapshot()).toBe(before);
  const second = await open(10_000); // 2,000 are more than a sixteenth of it
  await expect.poll(snapshot).toContain("cost");
  await second.close();
  const third = await open(10_000);
  expect(third.replayed()).toBe(0);
  await third.append({ cost: 5_000, name: "a" });
  await third.append({ cost: 4_999, name: "b" });
  await third.append({ cost: 1, name: "c" });
  await expect.poll(snapshot).toContain("name");
  await third.close();
});

test("other work goes on while records are replayed that take long", async () => {
  const first = await open();
  for (let index = 0; index < 3; index += 1) await first.append(index);
  await first.close();
  let turns = 0;
  const count = () => {
    turns += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const state = new ListState();
  const turnsAtRecord: number[] = [];
  state.onReplay = () => {
    turnsAtRecord.push(turns);
    for (const endMs = performance.now() + 25; performance.now() < endMs; );
  };
  const second = await openJournal({ dir, state });
  clearImmediate(immediate);
  expect(new Set(turnsAtRecord).size).toBe(3);
  await second.close();
});

test("opening a folder with a long journal replaces it by a snapshot", async () => {
  const first = await open();
  for (let index = 0; index < 40; index += 1) await first.append({ index });
  await first.close();
  const second = await open(1000);
  await expect.poll(files).toEqual(["journal-2.ndjson", "snapshot.json"]);
  await second.close();
  const third = await open();
  expect([third.state(), third.replayed()]).toEqual([
    Array.from({ length: 40 }, (_, index) => ({ index })),
    0,
  ]);
  await third.close();
});

test("a journal that has grown is replaced by a snapshot without losing or repeating a record", async () => {
  const first = await open(300);
  for (let index = 0; index < 200; index += 1) await first.append({ index });
  const expected = Array.from({ length: 200 }, (_, index) => ({ index }));
  await expect
    .poll(async () => (await readFile(join(dir, "snapshot.json"), "utf8")).length)
    .toBeGreaterThan(500);
  await first.close();
  const second = await open(300);
  expect(second.state()).toEqual(expected);
  expect(second.replayed()).toBeLessThan(200);
  await second.close();
});

/** Copies a folder while the event loop waits, so that at most one operation on it happens meanwhile. */
function copyNow(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    try {
      copyFileSync(join(from, name), join(to, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // that operation removed it
    }
  }
}

test("after each number of records, a copy of the folder has exactly those, whatever compaction was doing", async () => {
  const journal = await open(200);
  const steps = new Set<string>();
  // Which steps of a compaction a record meets depends on the speed of the disk: until both have been seen.
  const isSeen = () =>
    steps.has("journal-n.ndjson snapshot.json") &&
    [...steps].some((each) => each.startsWith("journal-n.ndjson journal-n.ndjson"));
  for (let count = 1; count <= 60 || !isSeen(); count += 1) {
    await journal.append(count);
    const copy = `${dir}-copy`;
    copyNow(dir, copy);
    steps.add(
      (await readdir(copy))
        .map((name) => name.replace(/\d+/, "n"))
        .sort()
        .join(" "),
    );
    const state = new ListState();
    await (await openJournal({ dir: copy, state })).close();
    expect(state.values).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    await rm(copy, { recursive: true });
  }
  await journal.close();
});

test("an unfinished snapshot is ignored", async () => {
  const first = await open();
  await first.append(1);
  await first.close();
  await writeFile(join(dir, "snapshot.json.new"), '{"format":2,"gener');
  await writeFile(join(dir, "journal-2.ndjson"), "");
  const second = await open();
  expect(second.state()).toEqual([1]);
  await second.close();
});

const unusableState = (why: string) => ({
  code: "LOCAL_DIR_INVALID",
  message: expect.stringContaining(why),
  hint: expect.stringContaining("another --dir"),
});

test.each([
  ["snapshot.json is not usable: it is not JSON", "{"],
  ['it has format "3", not 3', '{"format":"3"}'],
  ["it is incomplete", '{"format":3,"generation":1,"folder":"f","segments":[\n'],
  ["line 2 is damaged", '{"format":3,"generation":1,"folder":"f","segments":[\n["00000000","end"]]}\n'],
  ["it is incomplete", '{"format":1,"generation":1}'],
  ["its checksum does not match", '{"format":2,"generation":1,"state":"[]"}'],
])("%s: said so, and left as it was", async (why, text) => {
  await writeFile(join(dir, "snapshot.json"), text);
  await expect(open()).rejects.toMatchObject(unusableState(why));
  expect(await readFile(join(dir, "snapshot.json"), "utf8")).toBe(text);
});

test.each(['{"format":9}', '{"format":4,"generation":1,"segments":[\n["00000000","end"]]}\n'])(
  "%s: a folder of a later release is refused with that reason, and left as it was",
  async (text) => {
    await writeFile(join(dir, "snapshot.json"), text);
    await expect(open()).rejects.toMatchObject({
      code: "LOCAL_DIR_INVALID",
      message: expect.stringMatching(/it has format \d, and this release reads formats up to 3/),
      hint: expect.stringContaining("install the release that wrote it"),
    });
    expect(await readFile(join(dir, "snapshot.json"), "utf8")).toBe(text);
    expect(await files()).toEqual(["snapshot.json"]);
  },
);

describe("a damaged folder", () => {
  beforeEach(async () => {
    const first = await open();
    await first.append("of the first generation");
    await first.close();
    await cp(dir, `${dir}-earlier`, { recursive: true });
    const second = await open();
    await second.catchUp();
    await second.append("a");
    await second.append("b");
    await second.close();
  });
  afterEach(() => rm(`${dir}-earlier`, { recursive: true }));

  const STATE = ["of the first generation", "a", "b"];

  test.each([
    ["snapshot.json", "it is missing, but journal-2.ndjson exists"],
    ["journal-2.ndjson", "it is missing, but snapshot.json of generation 2 needs it"],
  ])("is refused when %s is removed", async (name, why) => {
    await rm(join(dir, name));
    await expect(open()).rejects.toMatchObject(unusableState(why));
    await expect(open()).rejects.toMatchObject(unusableState(name)); // the first try must not change anything either
  });

  test("is refused if its files are of two generations", async () => {
    await cp(join(`${dir}-earlier`, "snapshot.json"), join(dir, "snapshot.json"));
    await expect(open()).rejects.toMatchObject(unusableState("journal-1.ndjson"));
    await cp(join(`${dir}-earlier`, "journal-1.ndjson"), join(dir, "journal-1.ndjson"));
    await expect(open()).rejects.toMatchObject(
      unusableState("it is of generation 1, but journal-2.ndjson exists"),
    );
    await rename(join(dir, "journal-1.ndjson"), join(dir, "journal-2.ndjson"));
    await expect(open()).rejects.toMatchObject(unusableState("journal-1.ndjson"));
  });

  test("is refused wherever its journal is truncated", async () => {
    const path = join(dir, "journal-2.ndjson");
    const { length } = await readFile(path);
    for (const left of [0, 1, 100, length - 30, length - 1]) {
      await truncate(path, left);
      await expect(open(), `${left} bytes`).rejects.toMatchObject(unusableState(path));
    }
  });

  test("is refused with the number of the damaged line, also the last one", async () => {
    const path = join(dir, "journal-2.ndjson");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"b"', '"c"'));
    await expect(open()).rejects.toMatchObject(unusableState(`${path} is not usable: line 5 is damaged`));
    await writeFile(path, text);
    const opened = await open();
    expect(opened.state()).toEqual(STATE);
    await opened.close();
  });

  test("is refused if one of its files cannot be read", async () => {
    const path = join(dir, "journal-2.ndjson");
    await rm(path);
    await mkdir(path);
    await expect(open()).rejects.toMatchObject(unusableState("it cannot be read: EISDIR"));
  });
});

test("a folder of the first release is opened and written in today's format", async () => {
  await writeFile(join(dir, "snapshot.json"), JSON.stringify({ format: 1, generation: 4, state: '["x"]' }));
  await writeFile(join(dir, "journal-4.ndjson"), '"y"\n"z"\n"torn');
  await (await open()).close();
  expect(await files()).toEqual(["journal-5.ndjson", "snapshot.json"]);
  expect(JSON.parse(await readFile(join(dir, "snapshot.json"), "utf8"))).toMatchObject({ format: 3 });
  const again = await open();
  expect(again.state()).toEqual(["x", "y", "z"]);
  await again.close();
});

test("a folder of the first release without its journal, or with an invalid line, is refused", async () => {
  await writeFile(join(dir, "snapshot.json"), JSON.stringify({ format: 1, generation: 4, state: '["x"]' }));
  await expect(open()).rejects.toMatchObject(unusableState("journal-4.ndjson is not usable: it is missing"));
  await writeFile(join(dir, "journal-4.ndjson"), '"y"\n"z\n"a"\n');
  await expect(open()).rejects.toMatchObject(unusableState("line 2"));
});

describe.skipIf(!canMount)("on a disk that fills up", () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = new SmallDisk(dir);
  });
  afterEach(() => disk.unmount());

  /** Leaves less space than a page. */
  const fill = () => writeFile(join(dir, "ballast"), Buffer.alloc(1024 * 1024)).catch(() => undefined);
  const makeRoom = () => rm(join(dir, "ballast"));
  const wide = (index: number) => ({ index, text: "x".repeat(300) });

  /** Appends until a record is refused; returns the number of acknowledged ones. */
  async function appendUntilFull(journal: Awaited<ReturnType<typeof open>>): Promise<number> {
    for (let index = 0; index < 10_000; index += 1) {
      try {
        await journal.append(wide(index));
      } catch {
        return index;
      }
    }
    throw new Error("the disk does not fill up");
  }

  test("a reload restores the acknowledged state, and appends succeed when there is space again", async () => {
    const journal = await open();
    await fill();
    const acknowledged = await appendUntilFull(journal);
    await expect(journal.append("while behind")).rejects.toThrow("could not be written");
    await journal.reload();
    expect(journal.state()).toEqual(Array.from({ length: acknowledged }, (_, index) => wide(index)));
    await expect(journal.probe("x")).rejects.toThrow("ENOSPC");
    await makeRoom();
    await journal.probe("x");
    await journal.append("with room");
    await journal.close();
    const again = await open();
    expect(again.state()).toEqual([
      ...Array.from({ length: acknowledged }, (_, index) => wide(index)),
      "with room",
    ]);
    await again.close();
  });

  test("catching up writes a snapshot of the caller's state when there is space again", async () => {
    const journal = await open();
    await fill();
    await appendUntilFull(journal);
    const state = journal.state().slice();
    await expect(journal.catchUp()).rejects.toThrow("ENOSPC");
    await makeRoom();
    await journal.catchUp();
    await journal.append("with room");
    await journal.close();
    const again = await open();
    expect(again.state()).toEqual([...state, "with room"]);
    await again.close();
  });

  test("a folder on a full disk can be opened, and a journal that cannot be compacted continues", async () => {
    const first = await open(2000);
    await first.append(wide(0));
    await fill();
    await first.close();
    const second = await open(700);
    expect(second.state()).toEqual([wide(0)]);
    await second.append(wide(1)); // it fits in the last page of the journal
    await second.append(wide(2)); // now it should be compacted, which is impossible
    await second.close();
    await makeRoom();
    const third = await open();
    expect(third.state()).toEqual([wide(0), wide(1), wide(2)]);
    await third.close();
  });

  test("a new folder on a full disk is refused with the reason", async () => {
    await fill();
    await expect(open()).rejects.toMatchObject({
      code: "LOCAL_DIR_INVALID",
      message: expect.stringContaining("cannot be written: ENOSPC"),
      hint: expect.stringContaining("free disk space"),
    });
  });
});
