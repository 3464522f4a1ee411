import { expect, test } from "vitest";
import {
  continuation,
  DamagedFile,
  encodeEmptyJournal,
  encodeLine,
  encodeMark,
  RECORDS_OFFSET,
  readJournal,
} from "./journal-files.js";

const ID = { generation: 7, folder: "f1" };
const RECORDS = [{ n: 1, text: "one" }, { n: 2, text: 'zwei ü\\"' }, { n: 3 }];

/** A journal with a batch of two records and a batch of one, each acknowledged. */
function journalOf(records: unknown[], marked = records.length): Buffer {
  let bytes = Buffer.from(encodeEmptyJournal(ID));
  records.forEach((record, index) => {
    bytes = Buffer.concat([bytes, Buffer.from(encodeLine(JSON.stringify(record), ID, bytes.length))]);
    if (index >= marked) return;
    const mark = encodeMark(bytes.length, ID, index + 1);
    bytes.write(mark.text, mark.offsetBytes);
  });
  return bytes;
}

/** Returns the records, or the reason why they cannot be read. */
function read(bytes: Buffer): unknown {
  const records: unknown[] = [];
  try {
    readJournal(bytes, ID, { replay: (record) => records.push(record) });
    return records;
  } catch (error) {
    if (error instanceof DamagedFile) return "damaged";
    throw error;
  }
}

test("a journal is read back up to the end of its last record", () => {
  const bytes = journalOf(RECORDS);
  expect(read(bytes)).toEqual(RECORDS);
  expect(readJournal(bytes, ID, { replay: () => undefined }).endBytes).toBe(bytes.length);
});

test("any flipped bit of a journal leaves the same records or is detected", () => {
  const whole = journalOf(RECORDS);
  let noticed = 0;
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const found = read(bytes);
    if (found === "damaged") noticed += 1;
    else expect(found, `bit ${bit}`).toEqual(RECORDS);
  }
  expect(noticed).toBeGreaterThan((whole.length - RECORDS_OFFSET) * 8 - 1);
});

test("any replaced byte of a journal leaves the same records or is detected", () => {
  const whole = journalOf(RECORDS.slice(0, 2));
  for (let at = 0; at < whole.length; at += 1) {
    for (let value = 0; value < 256; value += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      const found = read(bytes);
      if (found !== "damaged") expect(found, `byte ${at} is ${value}`).toEqual(RECORDS.slice(0, 2));
    }
  }
});

test("truncation anywhere in a journal is detected, and so are missing, doubled and reordered lines", () => {
  const whole = journalOf(RECORDS);
  for (let length = 0; length < whole.length; length += 1) {
    expect(read(whole.subarray(0, length)), `${length} bytes`).toBe("damaged");
  }
  const lines = whole.toString().split("\n");
  const [head = "", one = "", two = "", a = "", b = "", c = ""] = lines;
  for (const other of [
    [head, one, two, b, c],
    [head, one, two, a, a, b, c],
    [head, one, two, b, a, c],
  ]) {
    expect(read(Buffer.from(`${other.join("\n")}\n`))).toBe("damaged");
  }
});

test("an unacknowledged write that a power cut tore anywhere is dropped", () => {
  const whole = journalOf(RECORDS, 2);
  const acknowledged = journalOf(RECORDS.slice(0, 2)).length;
  for (let length = acknowledged; length < whole.length; length += 1) {
    expect(read(whole.subarray(0, length)), `${length} bytes`).toEqual(RECORDS.slice(0, 2));
  }
  expect(read(Buffer.concat([whole.subarray(0, acknowledged), Buffer.alloc(100)]))).toEqual(
    RECORDS.slice(0, 2),
  );
  expect(read(whole)).toEqual(RECORDS); // whole, though its mark did not reach the disk
});

test("a journal tells in which one it continues, and has no record after that", () => {
  const bytes = journalOf(RECORDS);
  const end = Buffer.from(encodeLine(continuation(8), ID, bytes.length));
  const whole = Buffer.concat([bytes, end]);
  const replay = () => undefined;
  expect(readJournal(bytes, ID, { replay }).next).toBeUndefined();
  expect(readJournal(whole, ID, { replay })).toMatchObject({ next: 8, endBytes: whole.length });
  const record = Buffer.from(encodeLine("4", ID, whole.length));
  expect(() => readJournal(Buffer.concat([whole, record]), ID, { replay })).toThrow(
    "line 8 follows the last line",
  );
  for (let at = bytes.length; at < whole.length; at += 1) {
    for (let value = 0; value < 256; value += 1) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      // Not acknowledged by a mark, so it counts as torn.
      expect(readJournal(changed, ID, { replay }).next).toBe(value === whole[at] ? 8 : undefined);
    }
  }
});
