import { formatRows } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { GeneratedKey } from "./result.js";

const BYTES_PER_LINE = 8;

/** Returns a public key as a declaration in C; characters that C does not allow in a name become `_`. */
export function cArrayOf(id: string, base64: string): string {
  const bytes = [...Buffer.from(base64, "base64")].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    lines.push(`  ${bytes.slice(at, at + BYTES_PER_LINE).join(", ")},`);
  }
  const name = `fota_key_${id.replace(/[^A-Za-z0-9]/g, "_")}`;
  return `static const unsigned char ${name}[${bytes.length}] = {\n${lines.join("\n")}\n};`;
}

export function formatKey(key: GeneratedKey, { paint }: Pick<Output, "paint">): string {
  const { id, file, publicFile, encrypted, publicKey } = key;
  const rows: [string, string][] = [
    ["id", id],
    [
      "private",
      `${file}, ${encrypted ? "encrypted" : "not encrypted"}: keep it secret, and keep a copy offline`,
    ],
    ["public", publicFile],
    ["base64", publicKey],
  ];
  const trust = JSON.stringify({ keys: { [id]: publicKey } });
  return [
    `${paint("green", "✔")} key ${paint("bold", id)} created`,
    formatRows(rows, (label) => paint("dim", label)),
    key.pem.trimEnd(),
    key.c,
    `Build it into the device, before you sign with it:\n\n  trust: ${trust}`,
  ].join("\n\n");
}
