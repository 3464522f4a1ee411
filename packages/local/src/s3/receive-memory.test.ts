import { createHash, randomBytes, randomInt } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { AwsChunkedDecoder } from "./aws-chunked.js";
import { PLAIN } from "./body-decoder.js";
import { type Receive, withReceiveMemory } from "./receive-memory.js";

const MIB = 1024 * 1024;

/** Returns a stream of copies of `bytes` in pieces of random sizes, each with memory of its own, as Node.js delivers them. */
function delivered(bytes: Buffer): Readable {
  function* pieces() {
    for (let at = 0; at < bytes.length; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(randomInt(1, 65_537), bytes.length - at));
      at += bytes.copy(piece, 0, at);
      yield piece;
    }
  }
  return streamOf(pieces());
}

function streamOf(pieces: Iterable<Buffer>): Readable {
  return Readable.from(pieces, { objectMode: false });
}

/** Receives `bytes` as a store does that writes a piece while it waits for the next. Returns what it wrote. */
async function store(receive: Receive, bytes: Buffer): Promise<Buffer> {
  const written: Buffer[] = [];
  let last: Buffer = Buffer.alloc(0);
  for await (const piece of receive(delivered(bytes), bytes.length, PLAIN)) {
    written.push(Buffer.from(last));
    last = piece;
  }
  return Buffer.concat([...written, last]);
}

const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("receive memory", () => {
  test.each([256 * 1024, MIB - 1, MIB, MIB + 1, 2 * MIB, 5 * MIB + 77])(
    "has the bytes of an upload of %i bytes",
    async (size) => {
      const bytes = randomBytes(size);
      const written = await withReceiveMemory((receive) => store(receive, bytes));
      expect(digest(written)).toBe(digest(bytes));
    },
  );

  test("yields pieces of 1 MiB, which alternate between the same two", async () => {
    const addresses = await withReceiveMemory(async (receive) => {
      const pieces = [];
      for await (const piece of receive(delivered(randomBytes(4 * MIB)), 4 * MIB, PLAIN)) pieces.push(piece);
      return pieces;
    });
    expect(addresses.map(({ length }) => length)).toEqual([MIB, MIB, MIB, MIB]);
    expect(addresses[2]).toBe(addresses[0]);
    expect(addresses[3]).toBe(addresses[1]);
    expect(addresses[1]).not.toBe(addresses[0]);
  });

  test("of an upload is not used by others before that is stored", async () => {
    const [first, second] = [randomBytes(3 * MIB), randomBytes(3 * MIB)];
    const last = await withReceiveMemory(async (receive) => {
      const pieces: Buffer[] = [];
      for await (const piece of receive(delivered(first), first.length, PLAIN)) pieces.push(piece);
      await withReceiveMemory((other) => store(other, second)); // the first one still writes its last pieces
      return Buffer.concat(pieces.slice(-2));
    });
    expect(digest(last)).toBe(digest(first.subarray(MIB)));
  });

  test("is used again by the next upload, also after one that failed", async () => {
    const bytes = randomBytes(MIB);
    const used: Buffer[] = [];
    const receiveOne = async (receive: Receive) => {
      for await (const piece of receive(delivered(bytes), bytes.length, PLAIN)) used.push(piece);
    };
    await withReceiveMemory(receiveOne);
    const failed = withReceiveMemory(async (receive) => {
      await receiveOne(receive);
      throw new Error("the disk is full");
    });
    await expect(failed).rejects.toThrow("the disk is full");
    await withReceiveMemory(receiveOne);
    expect(new Set(used.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(2);
  });

  test("takes the place of the memory of a piece, which is freed, unless others share it", async () => {
    const own = Buffer.allocUnsafeSlow(MIB / 2).fill(1);
    const others = Buffer.allocUnsafeSlow(MIB).fill(2);
    const body = streamOf([own, others.subarray(0, MIB / 2)]);
    await withReceiveMemory(async (receive) => {
      for await (const piece of receive(body, MIB, PLAIN)) expect([piece[0], piece.at(-1)]).toEqual([1, 2]);
    });
    expect(own.buffer.byteLength).toBe(0);
    expect(others.buffer.byteLength).toBe(MIB);
  });

  test("takes the place of the memory of an aws-chunked piece", async () => {
    const lines = [Buffer.from("100000\r\n"), Buffer.alloc(MIB, 4), Buffer.from("\r\n0\r\n\r\n")];
    const size = lines.reduce((sum, { length }) => sum + length, 0);
    const piece = Buffer.allocUnsafeSlow(size);
    Buffer.concat(lines).copy(piece);
    const lengths: number[] = [];
    await withReceiveMemory(async (receive) => {
      const decoder = new AwsChunkedDecoder({ trailers: new Map() });
      for await (const each of receive(streamOf([piece]), MIB, decoder)) lengths.push(each.length);
    });
    expect(lengths).toEqual([MIB]);
    expect(piece.byteLength).toBe(0);
  });

  test("is not for small uploads, whose pieces stay as they are", async () => {
    const piece = Buffer.alloc(1000, 3);
    await withReceiveMemory(async (receive) => {
      for await (const each of receive(streamOf([piece]), 1000, PLAIN)) expect(each).toBe(piece);
    });
    expect(piece.byteLength).toBe(1000);
  });
});
