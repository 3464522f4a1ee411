// Serves images of any size: /512 has 512 bytes, one random block over and over; /512?other has another block. Started by
// agent-download.mjs with `http` or `https`; sends its origin to the parent.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tlsFile } from "./tls-file.mjs";

const blocks = { "": randomBytes(1024 * 1024), "?other": randomBytes(1024 * 1024) };

function answer(request, response) {
  const { pathname, search } = new URL(request.url, "http://localhost");
  const sizeBytes = Number(pathname.slice(1));
  const block = blocks[search];
  response.writeHead(200, { "content-length": sizeBytes, etag: '"bench"' });
  let sent = 0;
  const more = () => {
    while (sent < sizeBytes) {
      const piece = block.subarray(0, Math.min(block.length, sizeBytes - sent));
      sent += piece.length;
      if (!response.write(piece)) return response.once("drain", more);
    }
    response.end();
  };
  more();
}

const scheme = process.argv[2];
const server =
  scheme === "https"
    ? createTlsServer(
        { cert: readFileSync(tlsFile("server")), key: readFileSync(tlsFile("server-key")) },
        answer,
      )
    : createServer(answer);
server.listen(0, "127.0.0.1", () => process.send(`${scheme}://127.0.0.1:${server.address().port}`));
