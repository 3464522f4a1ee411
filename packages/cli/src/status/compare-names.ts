/**
 * Compares two names as people count: pump-9 comes before pump-10. For `Array.sort`. `Intl.Collator` takes 10 ms to
 * load, which every command that lists things would wait for.
 */
export function compareNames(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const order = compareParts(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length || compareText(a, b);
}

/** Digits and what is between them, in turn. */
function partsOf(name: string): string[] {
  return name.split(/(\d+)/);
}

function compareParts(a: string, b: string): number {
  const isNumber = /^\d/.test(a) && /^\d/.test(b);
  if (!isNumber) return compareText(a.toLowerCase(), b.toLowerCase());
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return left.length - right.length || compareText(left, right);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
