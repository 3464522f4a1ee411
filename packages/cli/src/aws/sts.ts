import type { FotaError } from "@fota/shared";
import type { AwsAccess } from "./access.js";
import { translateAwsError } from "./errors.js";
import { elementIn, queryAws, refusalOf } from "./query.js";
import { stsEndpointOf } from "./query-endpoints.js";
import type { Identity } from "./session.js";

/** Who the credentials in use belong to. */
export interface Caller {
  account: string;
  arn: string;
}

export interface CallerAnswer {
  /** Or why STS does not say it: it asks for no permission, so that these are wrong credentials or a wrong clock. */
  caller: Caller | FotaError;
  /** The service's clock, to the second, which a refusal tells too. */
  serverTime: Date | undefined;
}

/** @throws {FotaError} ENDPOINT_UNREACHABLE, INTERRUPTED */
export async function callerIdentity(
  { stsEndpoint: endpoint, ca }: Pick<AwsAccess, "stsEndpoint" | "ca">,
  { region, credentials, switches }: Pick<Identity, "region" | "credentials" | "switches">,
  signal: AbortSignal,
): Promise<CallerAnswer> {
  const call = { doing: "ask whose credentials these are", action: "sts:GetCallerIdentity", endpoint };
  const ofAws = stsEndpointOf(region, switches);
  const request = {
    service: "sts",
    ...ofAws,
    ...(endpoint !== undefined && { endpoint }),
    parameters: { Action: "GetCallerIdentity", Version: "2011-06-15" },
  } as const;
  const answer = await queryAws(request, credentials, { ca, signal }).catch((error: unknown) => {
    throw translateAwsError(error, call);
  });
  const account = elementIn(answer.text, "Account");
  const arn = elementIn(answer.text, "Arn");
  const known = answer.status === 200 && account !== undefined && arn !== undefined;
  return { caller: known ? { account, arn } : refusalOf(answer, call), serverTime: answer.serverTime };
}
