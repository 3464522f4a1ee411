import { FotaError } from "@fota/shared";
import { translateAwsError } from "./errors.js";
import type { EndpointSwitches } from "./query-endpoints.js";

interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** The part of an AWS client that holds the region and the credentials. */
export interface ClientWithIdentity {
  config: {
    region(): Promise<string>;
    credentials(): Promise<SigningCredentials & { expiration?: Date }>;
    useFipsEndpoint(): Promise<boolean>;
    useDualstackEndpoint(): Promise<boolean>;
  };
}

export interface Identity {
  region: string;
  /** The time when temporary credentials expire, and with them every URL that they presigned. */
  credentialsExpireAt: Date | undefined;
  credentials: SigningCredentials;
  /** Selects the endpoints of requests without an SDK client. */
  switches: EndpointSwitches;
}

/**
 * Finds region and credentials as the AWS SDK would at the first request, so that a missing one is reported before it.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS
 */
export async function resolveIdentity(client: ClientWithIdentity): Promise<Identity> {
  const region = await client.config.region().catch((cause: unknown) => {
    throw new FotaError("NO_REGION", "no AWS region is set", {
      hint: "give --region, set AWS_REGION, write `region` into fota.config.json, or use --local with `fota local`",
      cause,
    });
  });
  const credentials = await client.config.credentials().catch((cause: unknown) => {
    throw translateAwsError(cause, {
      doing: "sign requests",
      action: "sts:GetCallerIdentity",
      endpoint: undefined,
    });
  });
  const [useFips, useDualStack] = await Promise.all([
    client.config.useFipsEndpoint(),
    client.config.useDualstackEndpoint(),
  ]);
  const switches = { useFips, useDualStack };
  return { region, switches, credentialsExpireAt: credentials.expiration, credentials };
}
