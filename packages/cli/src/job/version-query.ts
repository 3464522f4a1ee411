const COMPARISON =
  /version\s*:?\s*(?:([<>]=?)\s*"?([\w.+-]+)|([[{])\s*([\w.+-]+)\s+TO\s+([\w.+-]+)\s*([\]}]))/gi;

/**
 * Returns how to find the things of a query that compares versions; `undefined` if it compares none. The fleet index
 * compares texts, so such a query finds other things than it says, mostly none.
 */
export function versionQueryHint(query: string): string | undefined {
  const ranges = [...query.matchAll(COMPARISON)].map(
    ([, operator = "", operand = "", opening, from = "", to = "", closing]) =>
      opening === undefined
        ? `${operator}${operand}`
        : `${opening === "[" ? ">=" : ">"}${from} ${closing === "]" ? "<=" : "<"}${to}`,
  );
  if (ranges.length === 0) return undefined;
  return (
    "let fota compare versions, because the index compares them as text: " +
    `\`fota fleet --version '${ranges.join(" ")}' --columns thing --csv | tail -n +2 > things.txt\`, ` +
    "then --to @things.txt; or write everything below 2.0 as version:(0.* OR 1.*)"
  );
}
