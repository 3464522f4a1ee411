// A bare node:http server: it answers a GET with a short JSON text, and anything else with the body that it got. Started
// with `fork`.
import { createServer } from "node:http";

const HELLO = JSON.stringify({ hello: "world", name: "a name of the length that things have", version: 1 });

const server = createServer((request, response) => {
  if (request.method === "GET") {
    answer(response, HELLO);
    return;
  }
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => answer(response, Buffer.concat(pieces)));
});

function answer(response, body) {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
process.on("message", () => {
  server.close();
  server.closeAllConnections();
  process.disconnect?.();
});
