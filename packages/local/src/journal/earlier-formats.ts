/**
 * Snapshots of formats 1 and 2: one JSON text, with the state as a string. Journals of format 1: JSON lines without
 * checksums.
 *
 *     snapshot.json   {"format":2,"generation":3,"folder":"...","sha256":"...","state":"..."}
 */
import { createHash } from "node:crypto";
import { DamagedFile, type JournalId } from "./journal-files.js";

/** Returns whether a file that begins with `head` is a snapshot of an earlier format. */
export function isEarlierSnapshot(head: Buffer): boolean {
  return /^\{"format":[12],/.test(head.toString("latin1"));
}

/** @throws {DamagedFile} */
export function readEarlierSnapshot(text: string): JournalId & { format: 1 | 2; state: string } {
  let snapshot: Partial<Record<"format" | "generation" | "folder" | "sha256" | "state", unknown>> | null;
  try {
    snapshot = JSON.parse(text);
  } catch {
    throw new DamagedFile("it is not JSON");
  }
  const { format, generation, folder = "", sha256, state } = snapshot ?? {};
  if (format !== 1 && format !== 2) {
    throw new DamagedFile(`it has format ${JSON.stringify(format)}, not 1 or 2`);
  }
  if (typeof generation !== "number" || typeof state !== "string" || typeof folder !== "string") {
    throw new DamagedFile("it is incomplete");
  }
  // A file of format 1 has no checksum: one flipped bit must not turn format 2 into format 1.
  if (
    format === 1
      ? sha256 !== undefined || Object.keys(snapshot ?? {}).length > 3
      : sha256 !== snapshotDigest({ generation, folder }, state)
  ) {
    throw new DamagedFile("its checksum does not match");
  }
  return { format, generation, folder, state };
}

/** Replays a journal of format 1. @throws {DamagedFile} */
export function readFirstFormat(text: string, replay: (record: unknown) => void): void {
  const lines = text.split("\n");
  lines.pop(); // what follows the last line break: nothing, or a torn record
  for (const [index, line] of lines.entries()) {
    try {
      replay(JSON.parse(line));
    } catch (error) {
      throw new DamagedFile(`line ${index + 1}: ${(error as Error).message}`);
    }
  }
}

function snapshotDigest({ generation, folder }: JournalId, state: string): string {
  return createHash("sha256")
    .update(folder === "" ? `2:${generation}:` : `2:${folder}:${generation}:`)
    .update(state)
    .digest("hex");
}
