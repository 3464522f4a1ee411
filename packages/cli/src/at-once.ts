/** Leaves room for other clients: AWS allows an account ten requests per second to each control-plane API of Jobs. */
export const REQUESTS_AT_ONCE = 4;

/**
 * Runs `task` on every item, at most `limit` at once; results have the order of the items. After a failure, starts no
 * further item; of several failures, throws that of the first item.
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

/** Returns a function that runs tasks, at most `limit` at once; the others wait in the order of their calls. */
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
      else next(); // hand this place over
    }
  };
}
