import { expect, test } from "vitest";
import type { StateRecord } from "../state/state-record.js";
import { DamagedFile } from "./journal-files.js";
import { splitLines } from "./lines.js";
import { encodeSnapshotEnd, encodeSnapshotHead, SegmentEncoder, SnapshotReader } from "./snapshot-files.js";

const ID = { generation: 3, folder: "f1" };
const RECORDS: StateRecord[] = [
  { at: [], entries: [["state", { text: 'zwei ü\\"', items: [] }]] },
  { at: ["state", "items"], items: [1, 2] },
  { at: ["state", "items"], items: [3] },
];

/** Two segments: the first with two records, the second with one. */
function snapshotOf(records: readonly StateRecord[]): Buffer {
  let bytes = Buffer.from(encodeSnapshotHead(ID));
  const segment = new SegmentEncoder(16);
  for (const part of [records.slice(0, 2), records.slice(2)]) {
    for (const record of part) segment.add(JSON.stringify(record));
    bytes = Buffer.concat([bytes, segment.take(ID, bytes.length)]);
  }
  return Buffer.concat([bytes, Buffer.from(encodeSnapshotEnd(ID, bytes.length))]);
}

/** Returns the id and the records, or the reason why they cannot be read. */
function read(bytes: Buffer): unknown {
  const records: unknown[] = [];
  const reader = new SnapshotReader((record) => records.push(record));
  try {
    splitLines(bytes, (line, isWhole) => reader.read(line, isWhole));
    return { id: reader.finish(), records };
  } catch (error) {
    if (error instanceof DamagedFile) return "damaged";
    throw error;
  }
}

const WHOLE = { id: ID, records: RECORDS };

test("a snapshot is read back, and it is one JSON text with the format", () => {
  const bytes = snapshotOf(RECORDS);
  expect(read(bytes)).toEqual(WHOLE);
  expect(JSON.parse(bytes.toString())).toMatchObject({ format: 3, ...ID });
});

test("any flipped bit of a snapshot is detected, and so is any byte that becomes a line break", () => {
  const whole = snapshotOf(RECORDS);
  for (const [at, byte] of whole.entries()) {
    for (const value of [...Array.from({ length: 8 }, (_, bit) => byte ^ (1 << bit)), 0x0a]) {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      if (read(bytes) !== "damaged") expect(byte, `byte ${at} is read as ${value}`).toBe(value);
    }
  }
});

test("truncation anywhere is detected, and so are missing, doubled and reordered lines", () => {
  const whole = snapshotOf(RECORDS);
  for (let length = 0; length < whole.length; length += 1) {
    expect(read(whole.subarray(0, length)), `${length} bytes`).toBe("damaged");
  }
  const [head = "", a = "", b = "", end = ""] = whole.toString().split("\n");
  for (const lines of [
    [head, b, end],
    [head, a, end],
    [head, a, a, b, end],
    [head, b, a, end],
    [head, a, b, end, end],
    [head, a, b, end, ""],
    [a, b, end],
  ]) {
    expect(read(Buffer.from(`${lines.join("\n")}\n`)), lines.join("\n")).toBe("damaged");
  }
});
