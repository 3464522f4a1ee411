import { IoTClient } from "@aws-sdk/client-iot";
import type { Local } from "../../src/index.js";

/** The official client of a stand-in's control plane. It does not retry. */
export function iotClientOf({ endpoint, region }: Pick<Local, "endpoint" | "region">): IoTClient {
  const credentials = { accessKeyId: "any", secretAccessKey: "any" };
  return new IoTClient({ endpoint, region, credentials, maxAttempts: 1 });
}
