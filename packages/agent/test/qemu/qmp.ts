import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";

/** A message of QEMU (QEMU documentation, "QEMU Machine Protocol Specification"). */
interface Message {
  event?: string;
  return?: unknown;
  error?: { desc: string };
}

/** QEMU's control socket. One command at a time. */
export class Qmp {
  readonly #socket: Socket;
  readonly #lines: Interface;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface(socket);
  }

  static async connect(path: string): Promise<Qmp> {
    const socket = createConnection(path);
    const qmp = new Qmp(socket);
    const greeting = once(qmp.#lines, "line");
    await once(socket, "connect");
    await greeting;
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  /** Runs a command and returns its result. Ignores the events that come first. */
  async execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const answer = this.#answer();
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return await answer;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#lines.off("line", read);
        this.#lines.off("close", closed);
      };
      const closed = () => {
        end();
        reject(new Error("QEMU ended before it answered"));
      };
      const read = (line: string) => {
        const message = JSON.parse(line) as Message;
        if (message.event !== undefined) return;
        end();
        if (message.error === undefined) resolve(message.return);
        else reject(new Error(`QEMU: ${message.error.desc}`));
      };
      this.#lines.on("line", read);
      this.#lines.on("close", closed);
    });
  }

  close(): void {
    this.#lines.close();
    this.#socket.destroy();
  }
}
