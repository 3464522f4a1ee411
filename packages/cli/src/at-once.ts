/** AWS allows ten requests a second to each control-plane API of Jobs in an account: that leaves room for others. */
export const REQUESTS_AT_ONCE = 4;

/**
 * Runs `task` on every item, `limit` at once; results are in the order of the items. After a failure no further item is
 * begun; of several failures that of the first item is thrown.
 */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const begun: Promise<R>[] = [];
  let failed = false;
  const worker = async () => {
    for (let item = items[begun.length]; !failed && item !== undefined; item = items[begun.length]) {
      const running = task(item);
      begun.push(running);
      await running.catch(() => {
        failed = true;
      });
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  const results: R[] = [];
  for (const ended of begun) results.push(await ended);
  return results;
}

/** Runs tasks that come one by one, at most `limit` at once; the others wait in the order in which they came. */
export function limiter(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // takes over this place
    }
  };
}
