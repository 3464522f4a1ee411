import { describe, expect, test } from "vitest";
import type { Cloud } from "../aws/cloud.js";
import { checkIotEndpoint } from "./reach.js";

/** What the check needs of AWS: the answer of DescribeEndpoint, and a proxy that notes what it is asked for. */
function cloudWith(endpointAddress: string, asked: string[]) {
  return {
    iot: {
      client: { send: async () => ({ endpointAddress }) },
      call: (_: unknown, run: () => unknown) => run(),
    },
    access: {
      proxies: {
        reach: async (host: string, port: number) => {
          asked.push(`${host} ${port}`);
          return "reached";
        },
      },
    },
    signal: AbortSignal.timeout(5_000),
  } as unknown as Pick<Cloud, "iot" | "access" | "signal">;
}

describe("fota doctor connects to an endpoint", () => {
  test.each([
    { type: "iot:Data-ATS", address: "abc-ats.iot.eu-west-1.amazonaws.com", port: 8883 },
    { type: "iot:Jobs", address: "abc.jobs.iot.eu-west-1.amazonaws.com", port: 443 },
    { type: "iot:Data-ATS", address: "127.0.0.1", port: 8883 },
    { type: "iot:Jobs", address: "127.0.0.1:4567", host: "127.0.0.1", port: 4567 },
    { type: "iot:Data-ATS", address: "[::1]:8883", host: "::1", port: 8883 },
    { type: "iot:Jobs", address: "[::1]", host: "::1", port: 443 },
  ] as const)("$type at $address", async ({ type, address, port, ...rest }) => {
    const asked: string[] = [];
    expect(await checkIotEndpoint(cloudWith(address, asked), type)).toMatchObject({ status: "ok" });
    expect(asked).toEqual([`${"host" in rest ? rest.host : address} ${port}`]);
  });
});
