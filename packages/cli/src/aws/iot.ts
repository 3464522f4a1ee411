import { IoTClient } from "@aws-sdk/client-iot";
import { type AwsAccess, clientConfig } from "./access.js";
import { type SdkService, sdkServiceOf } from "./service.js";
import { watchRequests } from "./watch.js";

/** Reaches AWS IoT's control plane; `jobs.ts` and `things.ts` have its requests. */
export type Iot = SdkService<IoTClient>;

export function openIot(access: AwsAccess, signal: AbortSignal): Iot {
  const client = new IoTClient(clientConfig(access, access.iotEndpoint));
  watchRequests(client, access);
  return sdkServiceOf(client, access.iotEndpoint, signal);
}
