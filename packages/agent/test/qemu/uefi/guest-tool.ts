import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { SerialConsole } from "../serial-console.js";
import { runInGuest } from "./guest-shell.js";

/** Stands in for a tool on this machine: sends its arguments to the socket, and ends as the tool in the machine did. */
const STAND_IN = `#!${process.execPath}
const socket = require("node:net").connect(require("node:path").join(__dirname, "socket"));
socket.end(JSON.stringify(process.argv.slice(2)));
let answer = "";
socket.setEncoding("utf8").on("data", (piece) => { answer += piece; }).on("end", () => {
  const { exitCode, output } = JSON.parse(answer);
  process.exitCode = exitCode;
  (exitCode === 0 ? process.stdout : process.stderr).write(output);
});
`;

/** Calls `use` while the programs of this process that run `tool` run it in the machine of `console` instead. */
export async function withGuestTool<T>(
  tool: string,
  console: SerialConsole,
  dir: string,
  use: () => Promise<T>,
): Promise<T> {
  const bin = join(dir, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, tool), STAND_IN, { mode: 0o755 });
  async function answer(socket: Socket): Promise<void> {
    let request = "";
    socket.setEncoding("utf8").on("data", (piece: string) => {
      request += piece;
    });
    await once(socket, "end");
    const args: string[] = JSON.parse(request);
    const command = [tool, ...args.map((arg) => `'${arg}'`)].join(" ");
    const result = await runInGuest(console, command).catch((error: unknown) => ({
      exitCode: 1,
      output: String(error),
    }));
    socket.end(JSON.stringify(result));
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => void answer(socket));
  server.listen(join(bin, "socket"));
  await once(server, "listening");
  const path = process.env["PATH"];
  process.env["PATH"] = `${bin}:${path}`;
  try {
    return await use();
  } finally {
    process.env["PATH"] = path;
    server.close();
    await once(server, "close");
  }
}
