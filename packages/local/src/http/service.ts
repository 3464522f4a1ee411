import type { IncomingMessage, ServerResponse } from "node:http";

/** What the front door knows of a request beside the request itself. */
export interface RequestContext {
  /** In `x-amzn-RequestId` and in S3's error bodies. */
  requestId: string;
  /** It came over TLS. */
  secure: boolean;
  /** Certificate id (SHA-256 of the DER form, hex) of a client that proved one over TLS. */
  clientCertificateId?: string;
}

/** One AWS service behind the one endpoint. Answers every request itself, errors too; never rejects. */
export type Service = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
) => Promise<void>;
