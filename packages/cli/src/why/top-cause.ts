import type { FailureCause } from "../status/result.js";

/**
 * Says what `count` failures have as their cause: `all with downgrade`, or of several causes the most frequent one if
 * there is one. Says so where the causes of only some were read; `undefined` where none was.
 */
export function topCause(failures: readonly FailureCause[], count: number): string | undefined {
  const [top, next] = failures;
  if (top === undefined) return undefined;
  const name = top.reason ?? top.status;
  const read = failures.reduce((sum, cause) => sum + cause.count, 0);
  if (next?.count === top.count) return `for several causes, such as ${name}`;
  if (next !== undefined) return `${read < count ? `of ${read} looked at ` : ""}most often ${name}`;
  if (read < count) return `all ${read} that were looked at with ${name}`;
  return count === 1 ? `with ${name}` : `all with ${name}`;
}
