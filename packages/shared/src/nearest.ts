const NEAR_MAX = 3;

/**
 * Returns up to three candidates that `word` may be a typo of, the nearest first: at most a third of its length away.
 * If one differs only in capitals, returns that one alone.
 */
export function nearestOf(word: string, candidates: readonly string[]): string[] {
  const measured = candidates.map((candidate) => ({
    candidate,
    distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const isSame = measured.some(({ distance }) => distance === 0);
  const limit = isSame ? 0 : Math.max(1, Math.floor(word.length / 3));
  return measured
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, NEAR_MAX)
    .map(({ candidate }) => candidate);
}

/** Counts the letters to add, drop, change or swap with their neighbor. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        steps.push((before[j - 2] ?? 0) + 1);
      row.push(Math.min(...steps));
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
