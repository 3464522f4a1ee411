import type { Command } from "commander";
import type { Host } from "../host.js";
import { oneLine } from "../terminal/format.js";
import { writeResult } from "../terminal/text.js";
import { type Candidate, complete } from "./complete.js";
import { namesOf } from "./names.js";

/**
 * Answers a shell's completion request. On any failure it prints nothing, because the shell would take the text for
 * names.
 */
export async function writeCandidates(program: Command, words: readonly string[], host: Host): Promise<void> {
  const found = complete(program, words);
  if (found.files) {
    writeResult(host.stdout, ":files\n");
    return;
  }
  const current = words.at(-1) ?? "";
  const candidates = [...found.candidates];
  if (found.names !== undefined) {
    const { kind, prefix } = found.names;
    const names = await namesOf(kind, found.options, host).catch(() => []);
    // A job may be called --force, which a command would take for the option.
    const typable = prefix === "" ? names.filter(({ value }) => !value.startsWith("-")) : names;
    const prefixed = typable.map((name) => ({ ...name, value: `${prefix}${name.value}` }));
    candidates.push(...prefixed.filter(({ value }) => value.startsWith(current)));
  }
  const lines = candidates.filter(isTypable).map(formatCandidate);
  if (lines.length > 0) writeResult(host.stdout, `${lines.join("\n")}\n`);
}

/**
 * Returns whether the shell can insert a candidate safely: bash inserts it unquoted, so it must not contain what the
 * shell would run or split.
 */
function isTypable({ value }: Candidate): boolean {
  return /^[\p{L}\p{M}\p{N}_:.,@%+=/-]+$/u.test(value);
}

function formatCandidate({ value, description }: Candidate): string {
  return `${value}\t${oneLine(description)}`;
}
