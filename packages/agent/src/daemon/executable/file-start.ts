import { open } from "node:fs/promises";

/** Linux reads this much of a file to find its interpreter (execve(2)). */
const START_BYTES = 256;

/** What the first line of an executable tells. */
export interface FileStart {
  /** The program that runs a script; `undefined` for a binary, and for a script without `#!`, which a shell runs. */
  interpreter: string | undefined;
  /** The line of the interpreter ends in CR LF: Linux takes the CR as a part of its name. */
  hasWindowsLineEnds: boolean;
}

/** Reads the first line of an executable. Rejects with the error of a system call. */
export async function fileStart(path: string): Promise<FileStart> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    const [line = ""] = buffer.toString("latin1", 0, bytesRead).split("\n", 1);
    const [, interpreter] = /^#![ \t]*([^ \t\r]+)/.exec(line) ?? [];
    return { interpreter, hasWindowsLineEnds: interpreter !== undefined && line.endsWith("\r") };
  } finally {
    await handle.close();
  }
}
