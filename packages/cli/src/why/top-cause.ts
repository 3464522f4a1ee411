import type { FailureCause } from "../status/result.js";

/**
 * What `count` failures have as their cause: `all with downgrade`, or of several causes the most frequent one. Those of
 * which the cause was not read are not counted; `undefined` if none was.
 */
export function topCause(failures: readonly FailureCause[], count: number): string | undefined {
  const [top] = failures;
  if (top === undefined) return undefined;
  const name = top.reason ?? top.status;
  const read = failures.reduce((sum, cause) => sum + cause.count, 0);
  if (failures.length > 1) return `${read < count ? `of ${read} looked at ` : ""}most often ${name}`;
  if (read < count) return `all ${read} that were looked at with ${name}`;
  return count === 1 ? `with ${name}` : `all with ${name}`;
}
