import type { Readable } from "node:stream";

/** Takes the text that a stream holds now. From Node.js 26 on, one `read()` returns only the first piece. */
export function textIn(stream: Readable): string {
  let text = "";
  for (let piece: unknown = stream.read(); piece !== null; piece = stream.read()) text += String(piece);
  return text;
}
