import { DescribeEndpointCommand } from "@aws-sdk/client-iot";
import type { Iot } from "./iot.js";
import { required } from "./required.js";

/** Returns `host[:port]` that devices of this account connect to. */
export async function iotEndpoint(
  { client, call }: Iot,
  endpointType: "iot:Data-ATS" | "iot:Jobs",
): Promise<string> {
  const doing = `look up the ${endpointType} endpoint`;
  return await call({ doing, action: "iot:DescribeEndpoint" }, async (options) => {
    const answer = await client.send(new DescribeEndpointCommand({ endpointType }), options);
    return required(answer.endpointAddress, "endpointAddress");
  });
}
