// What receiving an image costs a bare Node.js: writes the body of each request to one file and answers with its MD5.
// Started by publish.mjs with the path of the file; sends its origin to the parent.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";

const [, , path] = process.argv;

const server = createServer(async (request, response) => {
  const md5 = createHash("md5");
  request.on("data", (piece) => md5.update(piece));
  await pipeline(request, createWriteStream(path));
  response.end(md5.digest("hex"));
});
server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`));
