// A bare node:http server that stores and serves one file: a PUT writes the body to it, computes its MD5 and checks its
// CRC-32; a GET sends it, or one range of it. Started with `fork` and the path of the file; sends its port to the parent.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";

const [, , path] = process.argv;

async function put(request, response) {
  const md5 = createHash("md5");
  let check = 0;
  request.on("data", (piece) => {
    md5.update(piece);
    check = crc32(piece, check);
  });
  await pipeline(request, createWriteStream(path));
  const isSame = Buffer.from(request.headers["x-amz-checksum-crc32"], "base64").readUInt32BE() === check;
  response.writeHead(isSame ? 200 : 400, { etag: `"${md5.digest("hex")}"` }).end();
}

function get({ headers }, response) {
  const { size } = statSync(path);
  const [, first = 0, last = size - 1] = /^bytes=(\d+)-(\d+)$/.exec(headers.range) ?? [];
  const [start, end] = [Number(first), Number(last)];
  response.writeHead(headers.range === undefined ? 200 : 206, { "content-length": end - start + 1 });
  createReadStream(path, { start, end }).pipe(response);
}

// A turn of the others can take longer than the 5 s that Node.js keeps an idle connection.
const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) =>
  request.method === "PUT" ? put(request, response) : get(request, response),
);
server.listen(0, "127.0.0.1", () =>
  process.send?.({ endpoint: `http://127.0.0.1:${server.address().port}` }),
);
process.on("message", () => {
  server.close();
  server.closeAllConnections();
  process.disconnect?.();
});
