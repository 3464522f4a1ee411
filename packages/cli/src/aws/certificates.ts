import {
  CreateCertificateFromCsrCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  UpdateCertificateCommand,
} from "@aws-sdk/client-iot";
import { isDeleted } from "./deletion.js";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { required } from "./required.js";

/** Holds a certificate that AWS IoT has just signed. */
export interface IssuedCertificate {
  /** The SHA-256 of the certificate in DER, in hex. */
  id: string;
  arn: string;
  pem: string;
}

/** Holds a certificate as the registry returns it. */
export interface RegisteredCertificate {
  id: string;
  arn: string;
  /** ACTIVE, INACTIVE, REVOKED or another status of AWS. */
  status: string;
  expiresAt: Date | undefined;
}

/** Has AWS IoT sign a request. The certificate is active but cannot do anything until it has a policy and a thing. */
export async function createCertificate(
  { client, call }: Iot,
  thingName: string,
  signingRequest: string,
): Promise<IssuedCertificate> {
  const doing = `create a certificate for ${thingName}`;
  return await call({ doing, action: "iot:CreateCertificateFromCsr" }, async (options) => {
    const request = { certificateSigningRequest: signingRequest, setAsActive: true };
    const made = await client.send(new CreateCertificateFromCsrCommand(request), options);
    return {
      id: required(made.certificateId, "certificateId"),
      arn: required(made.certificateArn, "certificateArn"),
      pem: required(made.certificatePem, "certificatePem"),
    };
  });
}

/** Returns a certificate of this account and region; `undefined` if there is none with this id. */
export async function findCertificate(
  { client, call }: Iot,
  certificateId: string,
): Promise<RegisteredCertificate | undefined> {
  const doing = `read certificate ${certificateId}`;
  return await call({ doing, action: "iot:DescribeCertificate" }, async (options) => {
    const answer = await client
      .send(new DescribeCertificateCommand({ certificateId }), options)
      .catch(absentIf("ResourceNotFoundException"));
    if (answer === undefined) return undefined;
    const { certificateArn, status, validity } = answer.certificateDescription ?? {};
    return {
      id: certificateId,
      arn: required(certificateArn, "certificateArn"),
      status: status ?? "UNKNOWN",
      expiresAt: validity?.notAfter,
    };
  });
}

/** Ends the connections that a certificate has, and allows no new ones. */
export async function deactivateCertificate({ client, call }: Iot, certificateId: string): Promise<void> {
  const doing = `deactivate certificate ${certificateId}`;
  await call({ doing, action: "iot:UpdateCertificate" }, async (options) => {
    await client.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }), options);
  });
}

/**
 * Deletes a certificate that is inactive and has no thing and no policy, unless it is gone already. Returns false while
 * AWS IoT still finds something attached.
 */
export async function deleteCertificate({ client, call }: Iot, certificateId: string): Promise<boolean> {
  const doing = `delete certificate ${certificateId}`;
  return await call({ doing, action: "iot:DeleteCertificate" }, (options) =>
    isDeleted(
      client.send(new DeleteCertificateCommand({ certificateId }), options),
      "DeleteConflictException",
    ),
  );
}
