// HTTP/1.1 on one connection, kept open, with one request in flight, as an SDK sends it. Does as little as possible: while
// the server works, the client sleeps, and wakes up again for every answer, whichever server it is.
import { once } from "node:events";
import { connect } from "node:net";

/** Sends `make(0)` to `make(count - 1)`, texts of whole requests. Rejects what is not 2xx. */
export async function sendInTurn(port, count, make) {
  let socket;
  try {
    for (let index = 0; index < count; index += 1) {
      socket ??= await open(port);
      const answer = readAnswer(socket);
      socket.write(make(index));
      const text = await answer;
      if (!text.startsWith("HTTP/1.1 2")) throw new Error(text);
      if (/^connection: *close/im.test(text)) {
        socket.destroy();
        socket = undefined;
      }
    }
  } finally {
    socket?.destroy();
  }
}

async function open(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }).setEncoding("latin1");
  await once(socket, "connect");
  return socket;
}

/** Returns the text of a request as boto3 1.43 sends it. Nothing here verifies the signature. */
export function formatRequest({ method, path, port, service, body }) {
  const json = body === undefined ? "" : JSON.stringify(body);
  const scope = `test/20261124/us-east-1/${service}/aws4_request`;
  const signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Accept-Encoding: identity",
    "User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.2",
    "X-Amz-Date: 20261124T000000Z",
    `Authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    "amz-sdk-invocation-id: 0a5ab9e0-3a14-4a10-a0ad-0f8a08c0e0ff",
    "amz-sdk-request: attempt=1",
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(json)}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${json}`;
}

function readAnswer(socket) {
  return new Promise((resolve, reject) => {
    let text = "";
    const stop = () => socket.off("data", take).off("error", fail).off("close", fail);
    const take = (piece) => {
      text += piece;
      const bodyStart = text.indexOf("\r\n\r\n") + 4;
      if (bodyStart < 4) return;
      const lengthBytes = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < bodyStart + lengthBytes) return;
      stop();
      resolve(text);
    };
    const fail = (error) => {
      stop();
      reject(error instanceof Error ? error : new Error(`the server closed the connection after ${text}`));
    };
    socket.on("data", take).on("error", fail).on("close", fail);
  });
}
