/** The proxy cannot be reached, or refuses: the host behind it did not get the request. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}
