/** Sorts by UTF-8 bytes. JavaScript sorts by UTF-16 code units, which differs beyond the basic plane. */
export function sortUtf8(texts: string[]): string[] {
  return texts
    .map((text) => ({ text, bytes: Buffer.from(text) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ text }) => text);
}
