// The least that a Node.js server of MQTT can do: answers CONNECT, SUBSCRIBE and PUBLISH with ready-made packets, and
// delivers nothing. It shows what sockets and TLS of Node.js cost by themselves. Started with `fork`, with the TLS options
// as argument.
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { acknowledgment, packetSize } from "./packets.mjs";

const tls = JSON.parse(process.argv[2]);
const plain = createTcpServer({ noDelay: true }, serve).listen(0, "127.0.0.1");
const secure = createTlsServer({ ...tls, requestCert: true, noDelay: true }, serve).listen(0, "127.0.0.1");
await Promise.all([once(plain, "listening"), once(secure, "listening")]);
process.on("message", (message) => {
  if (message === "stop") process.exit();
  globalThis.gc?.();
  process.send?.({});
});
process.send?.({ port: plain.address().port, tlsPort: secure.address().port });

const CONNACK = Buffer.from([0x20, 2, 0, 0]);

function serve(socket) {
  let held = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const answers = [];
    for (let size = packetSize(held); size !== undefined && size <= held.length; size = packetSize(held)) {
      const answer = answerTo(held);
      if (answer === undefined) socket.end();
      else answers.push(answer);
      held = held.subarray(size);
    }
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
  });
}

/** Returns the answer to the packet at the start of `bytes`, whose length takes one byte; `undefined` for DISCONNECT. */
function answerTo(bytes) {
  switch (bytes[0] >> 4) {
    case 1:
      return CONNACK;
    case 3:
      return acknowledgment(bytes);
    case 8:
      return Buffer.from([0x90, 3, bytes[2], bytes[3], 1]);
    default:
      return undefined;
  }
}
