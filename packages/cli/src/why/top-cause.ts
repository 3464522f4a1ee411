import { causeName } from "../causes/cause-table.js";
import type { FailureCause } from "../status/result.js";

/**
 * Describes the causes of `count` failures: `all with downgrade`, or the most frequent one of several if one is. Says
 * so if only some causes were read; returns `undefined` if none was.
 */
export function topCause(failures: readonly FailureCause[], count: number): string | undefined {
  const [top, next] = failures;
  if (top === undefined) return undefined;
  const name = top.reason === null ? top.status : causeName(top.reason);
  const read = failures.reduce((sum, cause) => sum + cause.count, 0);
  if (next?.count === top.count) return `for several causes, such as ${name}`;
  if (next !== undefined) return `${read < count ? `of ${read} looked at ` : ""}most often ${name}`;
  if (read < count) return `all ${read} that were looked at with ${name}`;
  return count === 1 ? `with ${name}` : `all with ${name}`;
}
