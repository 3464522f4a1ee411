import { type FotaError, isFotaError } from "@fota/shared";
import type { AwsAccess } from "./access.js";
import { parseHttpDate } from "./clock.js";
import { serverTimeIn } from "./errors.js";
import { elementIn, openQueryService, type QueryClient, type Signer } from "./query.js";
import { stsEndpointOf } from "./query-endpoints.js";
import { required } from "./required.js";
import type { Service } from "./service.js";

export type Sts = Service<QueryClient>;

/** Identifies the owner of the credentials in use. */
export interface Caller {
  account: string;
  arn: string;
}

export interface CallerAnswer {
  /** The caller, or the error: STS needs no permission for this, so the credentials or the clock are wrong. */
  caller: Caller | FotaError;
  /** The service's clock, in whole seconds; a refusal has it too. */
  serverTime: Date | undefined;
}

const STS = { service: "sts", version: "2011-06-15", endpointOf: stsEndpointOf } as const;

export function openSts(
  { stsEndpoint: endpoint, ...access }: Pick<AwsAccess, "stsEndpoint" | "ca" | "onRequest" | "proxies">,
  signer: Signer,
  signal: AbortSignal,
): Sts {
  return openQueryService(STS, { endpoint, ...access }, signer, signal);
}

/** Asks STS who the credentials belong to. @throws {FotaError} ENDPOINT_UNREACHABLE, INTERRUPTED */
export async function callerIdentity({ client, call }: Sts): Promise<CallerAnswer> {
  const doing = "ask whose credentials these are";
  let serverTime: Date | undefined;
  try {
    const caller = await call({ doing, action: "sts:GetCallerIdentity" }, async (options) => {
      const { text, date } = await client.send("GetCallerIdentity", {}, options).catch((error: unknown) => {
        serverTime = serverTimeIn(error);
        throw error;
      });
      serverTime = parseHttpDate(date);
      return callerIn(text);
    });
    return { caller, serverTime };
  } catch (error) {
    if (!isFotaError(error)) throw error;
    if (error.code === "ENDPOINT_UNREACHABLE" || error.code === "INTERRUPTED") throw error;
    return { caller: error, serverTime };
  }
}

function callerIn(xml: string): Caller {
  return {
    account: required(elementIn(xml, "Account"), "Account"),
    arn: required(elementIn(xml, "Arn"), "Arn"),
  };
}
