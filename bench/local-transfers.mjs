// Processor time of the stand-in to receive and to send an object, compared with a bare node:http server.
//   node bench/local-transfers.mjs [--size 256] [--rounds 7] [--quick] [--json]
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";

const MIB = 1024 * 1024;
/** As AWS's SDK for JavaScript sends a stream. */
const CHUNK_BYTES = 64 * 1024;
const PATH = "/firmware/app.bin";
const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

await runBench(
  {
    name: "processor time of the stand-in to receive and send an object, compared with a bare node:http server",
    options: { size: { type: "string", default: "256", quick: "64" } },
    rounds: { full: 7, quick: 3 },
  },
  async ({ values, rounds }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
    const ours = await start("stand-in-process.mjs", "{}");
    const bare = await start("bare-files-process.mjs", join(folder, "file"));
    try {
      await ours.send("PUT", "/firmware");
      return await benchTransfers(ours, bare, Number(values.size) * MIB, rounds);
    } finally {
      await Promise.all([ours.stop(), bare.stop()]);
      await rm(folder, { recursive: true });
    }
  },
);

async function benchTransfers(ours, bare, sizeBytes, rounds) {
  const bytes = randomBytes(sizeBytes);
  const checksum = base64Of(crc32(bytes));
  const chunked = encodeAwsChunked(bytes, checksum);
  const put = ({ send }) => send("PUT", PATH, { "x-amz-checksum-crc32": checksum }, bytes);
  const putInChunks = ({ send }) =>
    send(
      "PUT",
      PATH,
      {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": bytes.length,
        "x-amz-trailer": "x-amz-checksum-crc32",
      },
      chunked,
    );
  const get = ({ send }) => send("GET", PATH);
  const getInRanges = async ({ send }) => {
    for (let at = 0; at < sizeBytes; at += MIB) {
      await send("GET", PATH, { range: `bytes=${at}-${at + MIB - 1}` });
    }
  };
  const cpuMs = async (server, transfer) => (await cpuMsDuring(server.pid, () => transfer(server))).cpuMs;
  const sides = {
    put: () => cpuMs(ours, put),
    putInChunks: () => cpuMs(ours, putInChunks),
    barePut: () => cpuMs(bare, put),
    get: () => cpuMs(ours, get),
    bareGet: () => cpuMs(bare, get),
    getInRanges: () => cpuMs(ours, getInRanges),
    bareGetInRanges: () => cpuMs(bare, getInRanges),
  };
  // Also stores the object that is read; the sides replace it with the same bytes.
  for (const warmUp of Object.values(sides)) await warmUp();
  const turns = await inTurns(rounds, sides);
  const row = (what, own, other) =>
    figureRow({ what: `${what}, ${sizeBytes / MIB} MiB`, unit: "ms", ours: own, bare: other });
  return [
    row("PutObject", turns.put, turns.barePut),
    row("PutObject, aws-chunked", turns.putInChunks, turns.barePut),
    row("GetObject", turns.get, turns.bareGet),
    row("GetObject in ranges of 1 MiB", turns.getInRanges, turns.bareGetInRanges),
  ];
}

function base64Of(check) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(check);
  return bytes.toString("base64");
}

function encodeAwsChunked(bytes, checksum) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES);
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from(`0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`)]);
}

/** Starts a server in a process of its own. `send` resolves when the whole answer has been received. */
async function start(program, argument) {
  const child = fork(join(import.meta.dirname, program), [argument]);
  const [{ endpoint }] = await once(child, "message");
  const agent = new Agent({ keepAlive: true });
  const send = async (method, path, headers = {}, body = "") => {
    const sent = request(endpoint + path, {
      method,
      agent,
      headers: { authorization: AUTHORIZATION, "content-length": body.length, ...headers },
    });
    sent.end(body);
    const [answer] = await once(sent, "response");
    answer.resume();
    await once(answer, "end");
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode}`);
  };
  const stop = async () => {
    agent.destroy();
    child.send("stop");
    await once(child, "exit");
  };
  return { pid: child.pid, send, stop };
}
