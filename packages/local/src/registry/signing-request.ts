import { messageOf } from "@fota/shared";
import { readSigningRequest, type SigningRequest } from "../certificates/signing-request.js";
import { invalidRequest } from "../errors.js";

/** Reads and verifies the certificate signing request of a client. @throws {AwsError} InvalidRequest */
export function readClientSigningRequest(pem: string): SigningRequest {
  try {
    return readSigningRequest(pem);
  } catch (error) {
    throw invalidRequest(`The certificate signing request cannot be used: ${messageOf(error)}`);
  }
}
