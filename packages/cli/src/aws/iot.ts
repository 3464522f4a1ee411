import { IoTClient } from "@aws-sdk/client-iot";
import { type AwsAccess, clientConfig } from "./access.js";
import { type AwsCall, translateAwsError } from "./errors.js";
import { type Identity, resolveIdentity } from "./session.js";
import { watchRequests } from "./watch.js";

/** AWS IoT's control plane; `jobs.ts` and `things.ts` are what is asked of it. */
export interface Iot {
  client: IoTClient;
  identity(): Promise<Identity>;
  /** Runs one request; what AWS answers with becomes a `FotaError`. */
  call<T>(
    call: Omit<AwsCall, "endpoint">,
    request: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T>;
  close(): void;
}

export function openIot(access: AwsAccess, signal: AbortSignal): Iot {
  const endpoint = access.iotEndpoint;
  const client = new IoTClient(clientConfig(access, endpoint));
  watchRequests(client, access.clock);
  return {
    client,
    identity: () => resolveIdentity(client),
    async call(call, request) {
      try {
        return await request({ abortSignal: signal });
      } catch (error) {
        throw translateAwsError(error, { ...call, endpoint });
      }
    },
    close: () => client.destroy(),
  };
}
