/**
 * An answer that AWS gives instead of a result. `code` is spelled as the service spells it; each front (REST JSON, S3
 * XML, MQTT rejected) writes it in its own form.
 */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Members beside the message, such as `resourceId` of ResourceAlreadyExistsException. */
  readonly extra: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.extra = extra;
  }
}
