import { FotaError, type JobDocument } from "@fota/shared";

const SHOWN_MAX = 3;

/**
 * Checks that a document that is for some things is for all targets: others would refuse it, and the job would fail.
 * @param signAgain a command to type, which signs it for other things
 * @throws {FotaError} TARGET_INVALID
 */
export function checkNamedThings(
  { bc_for }: JobDocument,
  things: readonly string[],
  signAgain: string,
): void {
  if (bc_for === undefined) return;
  const named = new Set(bc_for);
  const others = things.filter((thing) => !named.has(thing));
  if (others.length === 0) return;
  const more = others.length > SHOWN_MAX ? ` and ${others.length - SHOWN_MAX} more` : "";
  throw new FotaError(
    "TARGET_INVALID",
    `the document is signed for ${shorten(bc_for)} only: ${others.slice(0, SHOWN_MAX).join(", ")}${more} would refuse it`,
    { hint: `publish to those things, or sign again: ${signAgain}` },
  );
}

function shorten(names: readonly string[]): string {
  const more = names.length > SHOWN_MAX ? ` and ${names.length - SHOWN_MAX} more` : "";
  return `${names.slice(0, SHOWN_MAX).join(", ")}${more}`;
}
