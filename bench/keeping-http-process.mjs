// A bare node:http server that does the least that a request to create something takes: it parses the JSON of the body,
// keeps that in a Map by its path, and answers with a short JSON text. Started with `fork`.
import { createServer } from "node:http";

const kept = new Map();

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    kept.set(request.url, JSON.parse(Buffer.concat(pieces).toString("utf8")));
    const answer = JSON.stringify({ created: request.url, name: "a name of the length that ARNs have" });
    const head = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) };
    response.writeHead(200, head).end(answer);
  });
});

server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
process.on("message", () => {
  server.close();
  server.closeAllConnections();
  process.disconnect?.();
});
