/**
 * Encodes the name of a section in AWS's files. The AWS SDK for JavaScript drops sections whose names have a space or
 * another character outside its own list, although the `aws` command accepts them: `[profile "build server"]`. The SDK
 * gets the encoded names, and fota decodes them in its answers.
 */
export function encodeName(name: string): string {
  return name.replace(/[^\w@+:/-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

/** Decodes what `encodeName` returned. */
export function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // not an encoded name: the SDK read this section from another file
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

/** Returns the text of a credentials file with its section heads, which are only names, encoded. */
export function encodeCredentialsHeads(text: string): string {
  return text
    .replace(/\r$/gm, "")
    .replace(HEAD, (_whole, indent: string, name: string) => `${indent}[${encodeName(name)}]`);
}
