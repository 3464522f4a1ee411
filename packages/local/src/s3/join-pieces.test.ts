import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { PLAIN } from "./body-decoder.js";
import { joinPieces } from "./join-pieces.js";

const memory = (sizeBytes = 10): [Buffer, Buffer] => [Buffer.alloc(sizeBytes), Buffer.alloc(sizeBytes)];

describe("joined pieces of a body", () => {
  test("fill the memory, also if one piece fills it several times", async () => {
    const body = new PassThrough();
    const bytes = randomBytes(45);
    body.write(bytes.subarray(0, 3));
    body.write(bytes.subarray(3, 38));
    body.end(bytes.subarray(38));
    const joined: Buffer[] = [];
    for await (const each of joinPieces(body, PLAIN, ...memory())) joined.push(Buffer.from(each));
    expect(joined.map(({ length }) => length)).toEqual([10, 10, 10, 10, 5]);
    expect(Buffer.concat(joined).equals(bytes)).toBe(true);
  });

  test("end without an empty one if the last fills the memory", async () => {
    const body = new PassThrough();
    body.end(randomBytes(20));
    const lengths: number[] = [];
    for await (const { length } of joinPieces(body, PLAIN, ...memory())) lengths.push(length);
    expect(lengths).toEqual([10, 10]);
  });

  test("stay as they are, and the body waits, until the caller requests more", async () => {
    const body = new PassThrough({ highWaterMark: 10 });
    const pieces = joinPieces(body, PLAIN, ...memory());
    body.write(Buffer.alloc(10, 1));
    const first = await pieces.next();
    const arrived = once(body, "pause");
    body.write(Buffer.alloc(10, 2));
    await arrived;
    body.write(Buffer.alloc(10, 3));
    expect(body.write(Buffer.alloc(10, 4))).toBe(false);
    expect(first.value?.equals(Buffer.alloc(10, 1))).toBe(true);
    body.end();
    const rest: (number | undefined)[] = [];
    for await (const each of pieces) rest.push(each[0], each[9]);
    expect(rest).toEqual([2, 2, 3, 3, 4, 4]);
  });

  test("fail if the body fails, and if it is destroyed before its end", async () => {
    for (const [error, message] of [
      [new Error("no network"), "no network"],
      [undefined, "Premature close"],
    ] as const) {
      const body = new PassThrough();
      const next = joinPieces(body, PLAIN, ...memory()).next();
      body.write(Buffer.alloc(3));
      body.destroy(error);
      await expect(next).rejects.toThrow(message);
    }
    const closed = new PassThrough().destroy();
    await expect(joinPieces(closed, PLAIN, ...memory()).next()).rejects.toThrow("Premature close");
  });

  test("fail if a piece cannot be decoded, after which the body can be drained", async () => {
    const body = new PassThrough();
    const decoder = {
      *decode(piece: Buffer) {
        if (piece[0] === 1) throw new Error("malformed");
        yield piece;
      },
      end() {},
    };
    body.write(Buffer.alloc(3));
    body.write(Buffer.alloc(3, 1));
    await expect(joinPieces(body, decoder, ...memory()).next()).rejects.toThrow("malformed");
    expect(body.listenerCount("data")).toBe(0);
    body.resume().end(Buffer.alloc(3));
    await once(body, "end");
  });

  test("fail if the body ends before its coding does", async () => {
    const body = new PassThrough();
    const decoder = {
      ...PLAIN,
      end() {
        throw new Error("incomplete");
      },
    };
    body.end(Buffer.alloc(3));
    await expect(joinPieces(body, decoder, ...memory()).next()).rejects.toThrow("incomplete");
  });
});
