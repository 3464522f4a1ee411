import type { IncomingMessage, ServerResponse } from "node:http";

/** What the request listener knows about a request, in addition to the request itself. */
export interface RequestContext {
  /** Sent in `x-amzn-RequestId` and in S3's error bodies. */
  requestId: string;
  /** Whether the request came over TLS. */
  secure: boolean;
  /** Id of the client's certificate (SHA-256 of the DER form, hex), if it proved one over TLS. */
  clientCertificateId?: string;
}

/** Handles the requests of one AWS service. Answers every request, also with errors; never rejects. */
export type Service = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
) => Promise<void>;
