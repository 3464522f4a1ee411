/** A proxy that cannot be reached, or refuses: the host behind it did not get the request. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** Distinguishes it from an error that the host itself answers. */
  readonly code = "ERR_PROXY";
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** Returns the `ProxyError` that an error is, or has as its cause. */
export function proxyErrorIn(error: unknown, depth = 0): ProxyError | undefined {
  if (error instanceof ProxyError) return error;
  if (!(error instanceof Error) || depth > 4) return undefined;
  return proxyErrorIn(error.cause, depth + 1);
}
