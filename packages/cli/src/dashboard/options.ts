import { isIP } from "node:net";
import { FotaError, isLoopbackHost } from "@fota/shared";
import { parsePort } from "../settings/flags.js";

/** Holds the options of `fota dashboard`, as commander names them. */
export interface DashboardOptions {
  host: string;
  port: string;
  open?: boolean;
  tokenFile?: string;
}

/** Parses where to listen. The dashboard has no TLS, so only this machine may reach it. @throws {FotaError} USAGE */
export function parseListening({ host, port }: DashboardOptions): { host: string; port: number } {
  const address = host === "localhost" ? "127.0.0.1" : host;
  if (isIP(address) === 0 || !isLoopbackHost(address)) {
    throw new FotaError(
      "USAGE",
      `--host must be an address of this machine only, got ${JSON.stringify(host)}`,
      {
        hint: "use 127.0.0.1 or ::1; forward the port with `ssh -L` to see the dashboard of another machine",
      },
    );
  }
  return { host: address, port: parsePort(port, "--port") };
}
