/**
 * Compares two names for `Array.sort`, numbers in them by value: pump-9 comes before pump-10. `Intl.Collator` takes 10
 * ms to load, which would delay every command that lists things.
 */
export function compareNames(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const order = compareParts(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length || compareText(a, b);
}

/** Splits a name into alternating runs of digits and other characters. */
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
