import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Journal, openJournal } from "./journal.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-journal-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A journal whose state is the list of its records. */
async function open(compactAtBytes?: number) {
  let state: unknown[] = [];
  let replayed = 0;
  const journal: Journal = await openJournal({
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
  return { append, close: () => journal.close(), state: () => state, replayed: () => replayed };
}

const files = async () => (await readdir(dir)).sort();

test("records come back in order, those of one write too", async () => {
  const first = await open();
  await Promise.all(Array.from({ length: 100 }, (_, index) => first.append({ index })));
  await first.append("last");
  await first.close();
  const second = await open();
  expect(second.state()).toEqual([...Array.from({ length: 100 }, (_, index) => ({ index })), "last"]);
  expect(second.replayed()).toBe(101);
  await second.close();
});

test("opening takes a snapshot: the next time nothing is replayed, and one journal is left", async () => {
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

test("a journal that has grown is replaced by a snapshot, and nothing is lost or there twice", async () => {
  const first = await open(50);
  for (let index = 0; index < 40; index += 1) await first.append({ index });
  expect((await files()).length).toBe(2);
  await first.close();
  const second = await open(50);
  expect(second.state()).toEqual(Array.from({ length: 40 }, (_, index) => ({ index })));
  await second.close();
});

test("a snapshot that was being written does no harm", async () => {
  const first = await open();
  await first.append(1);
  await first.close();
  await writeFile(join(dir, "snapshot.json.new"), '{"format":1,"gener');
  await writeFile(join(dir, "journal-2.ndjson"), "");
  const second = await open();
  expect(second.state()).toEqual([1]);
  await second.close();
});

test.each([
  ["snapshot.json cannot be read", "{"],
  ["has format 9, not 1", '{"format":9}'],
  ["is incomplete", '{"format":1,"generation":1}'],
])("%s: said so, and left as it was", async (why, text) => {
  await writeFile(join(dir, "snapshot.json"), text);
  await expect(open()).rejects.toMatchObject({
    code: "LOCAL_DIR_INVALID",
    message: expect.stringContaining(why),
    hint: expect.stringContaining("another folder"),
  });
  expect(await readFile(join(dir, "snapshot.json"), "utf8")).toBe(text);
});
