import { createHash } from "node:crypto";

/** What a repeated request is recognized by. */
export interface RequestMark {
  clientToken: string;
  /** SHA-256 of the request, so that a token that is used again for another request is no repetition. */
  digest: string;
}

/** Returns the mark of a request; `undefined` if it has no token. */
export function markOf(request: { clientToken?: string | undefined }): RequestMark | undefined {
  const { clientToken, ...rest } = request;
  if (clientToken === undefined) return undefined;
  return { clientToken, digest: createHash("sha256").update(JSON.stringify(rest)).digest("base64") };
}

/** Returns whether the same request was made before: clients repeat one whose answer they did not get. */
export function isRepetition(mark: RequestMark | undefined, earlier: RequestMark | undefined): boolean {
  return mark !== undefined && earlier?.clientToken === mark.clientToken && earlier.digest === mark.digest;
}
