import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canMount, SmallDisk } from "../../../agent/test/small-disk.js";
import { openJournal } from "./journal.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-journal-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A journal whose state is the list of its records. */
async function open(compactAtBytes?: number) {
  let state: unknown[] = [];
  let replayed = 0;
  const journal = await openJournal({
    dir,
    restore: (text) => {
      state = JSON.parse(text);
    },
    replay: (record) => {
      state.push(record);
      replayed += 1;
    },
    snapshot: () => JSON.stringify(state),
    ...(compactAtBytes !== undefined && { compactAtBytes }),
  });
  const append = (record: unknown) => {
    state.push(record);
    return journal.append(record);
  };
  return {
    append,
    probe: (record: unknown) => journal.probe(record),
    reload: () => journal.reload(),
    catchUp: () => journal.catchUp(),
    close: () => journal.close(),
    state: () => state,
    replayed: () => replayed,
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

test("opening writes a snapshot: the next time nothing is replayed, and one journal remains", async () => {
  const first = await open();
  await first.append(1);
  await first.close();
  await (await open()).close();
  const third = await open();
  expect(third.state()).toEqual([1]);
  expect(third.replayed()).toBe(0);
  expect(await files()).toEqual(["journal-3.ndjson", "snapshot.json"]);
  await third.close();
});

test("a journal that has grown is replaced by a snapshot without losing or repeating a record", async () => {
  const first = await open(50);
  for (let index = 0; index < 40; index += 1) await first.append({ index });
  await first.close();
  expect((await files()).length).toBe(2);
  const second = await open(50);
  expect(second.state()).toEqual(Array.from({ length: 40 }, (_, index) => ({ index })));
  await second.close();
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
  ["it has format 9, not 2", '{"format":9}'],
  ["it is incomplete", '{"format":1,"generation":1}'],
  ["its checksum does not match", '{"format":2,"generation":1,"state":"[]"}'],
])("%s: said so, and left as it was", async (why, text) => {
  await writeFile(join(dir, "snapshot.json"), text);
  await expect(open()).rejects.toMatchObject(unusableState(why));
  expect(await readFile(join(dir, "snapshot.json"), "utf8")).toBe(text);
});

describe("a damaged folder", () => {
  beforeEach(async () => {
    const first = await open();
    await first.append("of the first generation");
    await first.close();
    await cp(dir, `${dir}-earlier`, { recursive: true });
    const second = await open();
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
  expect(JSON.parse(await readFile(join(dir, "snapshot.json"), "utf8"))).toMatchObject({ format: 2 });
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
