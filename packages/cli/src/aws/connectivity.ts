import { GetThingConnectivityDataCommand } from "@aws-sdk/client-iot";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** Whether the client whose id is the thing's name is connected. */
export interface Connectivity {
  connected: boolean;
  /** When it came, or left; `undefined` where it never was connected, as far as AWS remembers. */
  since: Date | undefined;
  /** Why it left, in AWS's capitals. */
  disconnectReason: string | undefined;
}

/** `undefined` where AWS does not index connectivity, which has to be switched on, or does not know the thing. */
export async function thingConnectivity(
  { client, call }: Iot,
  thingName: string,
): Promise<Connectivity | undefined> {
  const doing = `see if ${thingName} is connected`;
  return await call({ doing, action: "iot:GetThingConnectivityData" }, async (options) => {
    try {
      const data = await client.send(new GetThingConnectivityDataCommand({ thingName }), options);
      return {
        connected: data.connected === true,
        since: data.timestamp,
        disconnectReason: data.disconnectReason,
      };
    } catch (error) {
      if (NOT_INDEXED.has(nameOf(error))) return undefined;
      throw error;
    }
  });
}

const NOT_INDEXED: ReadonlySet<string> = new Set([
  "IndexNotReadyException",
  "ResourceNotFoundException",
  "InvalidRequestException",
  "SyntaxError", // the SDK's, of an implementation of the API that does not know the operation and answers HTML
]);
