/** A hint with a fota command, as data: the code that shows it adds the global options to the command. */
export interface Advice {
  /** The sentence; `<command>` stands for the command: "<command> shows how it ended". */
  text: string;
  /** The arguments of the command. The reader replaces `<name>`. */
  command: readonly string[];
}

/** What to do next: a sentence, or a sentence with a command. */
export type Hint = string | Advice;

/** Returns a fota command to type into a shell. `globals` are the global options to add. */
export function commandLine(command: readonly string[], globals: readonly string[] = []): string {
  return ["fota", ...command, ...globals].map(shellWord).join(" ");
}

/** Returns a hint as text for people. */
export function hintText(hint: Hint, globals: readonly string[] = []): string {
  if (typeof hint === "string") return hint;
  return hint.text.replaceAll("<command>", () => `\`${commandLine(hint.command, globals)}\``);
}

/** Returns a hint extended by another sentence. */
export function hintAnd(hint: Hint | undefined, more: string): Hint {
  if (hint === undefined) return more;
  return typeof hint === "string" ? `${hint}; ${more}` : { ...hint, text: `${hint.text}; ${more}` };
}

/** Quotes a word for a shell if needed. */
export function shellWord(word: string): string {
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word) || /^(?:\d+=)?<[a-z0-9| -]+>$/.test(word)) return word;
  return /[$`"\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
