import { GetThingConnectivityDataCommand } from "@aws-sdk/client-iot";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** Says whether the client whose id is the thing's name is connected. */
export interface Connectivity {
  connected: boolean;
  /** The time of the last connect or disconnect; `undefined` if AWS remembers no connection. */
  since: Date | undefined;
  /** Says why the client disconnected, in AWS's capitals. */
  disconnectReason: string | undefined;
}

/**
 * Reads whether a thing is connected; `undefined` if AWS does not index connectivity, which is off by default, or does
 * not know the thing.
 */
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
  "SyntaxError", // the SDK's, when an implementation of the API does not know the operation and answers HTML
]);
