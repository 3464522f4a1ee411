/**
 * The AWS SDK for JavaScript drops sections of AWS's files whose names have a space or another character outside its
 * own list, which the `aws` command takes: `[profile "build server"]`. So it is given such names in another form, and
 * ours are turned back.
 */
export function encodeName(name: string): string {
  return name.replace(/[^\w@+:/-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

/** Turns what `encodeName` returned back. */
export function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // no name of ours: a section that the SDK read from another place
  }
}

const HEAD = /^([ \t]*)\[(.*)\][ \t]*(?:[#;].*)?$/gm;
const KIND_AND_NAME = /^(profile|services|sso-session)[ \t]+(?:"([^"]+)"|'([^']+)'|([^\s"']+))$/;

/** Returns the text of a config file with the names in its section heads encoded. */
export function encodeConfigHeads(text: string): string {
  return text.replace(/\r$/gm, "").replace(HEAD, (whole, indent: string, head: string) => {
    const [, kind, quoted, single, bare] = KIND_AND_NAME.exec(head) ?? [];
    const name = quoted ?? single ?? bare;
    return kind === undefined || name === undefined ? whole : `${indent}[${kind} ${encodeName(name)}]`;
  });
}

/** Returns the text of a credentials file, whose section heads are names and nothing else, with them encoded. */
export function encodeCredentialsHeads(text: string): string {
  return text
    .replace(/\r$/gm, "")
    .replace(HEAD, (_whole, indent: string, name: string) => `${indent}[${encodeName(name)}]`);
}
