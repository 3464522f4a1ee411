import { type IncomingHttpHeaders, request } from "node:http";
import * as v from "valibot";
import { dashboardSchema } from "../src/dashboard/result.js";
import { type Ended, startFota } from "./cli.js";
import type { Fleet } from "./fleet.js";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A running `fota dashboard` over a stand-in, as a process of its own. */
export interface Dashboard {
  /** The URL that it printed, with the token. */
  url: string;
  origin: string;
  host: string;
  port: number;
  token: string;
  /** Sends a request. `headers` may replace every header; without a `cookie` there is none. */
  ask(path: string, options?: { method?: string; headers?: Record<string, string> }): Promise<Answer>;
  /** Returns the cookie that a browser gets for the token. */
  cookie(): Promise<string>;
  /** Ends it with a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

interface StartOptions {
  args?: readonly string[];
  env?: Record<string, string>;
  /** False to reach the stand-in as AWS, with the credentials of `env`. */
  local?: boolean;
  /** False to let `--local` find the stand-in. */
  isNamed?: boolean;
}

export async function startDashboard(
  { local: standIn }: { local: Pick<Fleet["local"], "endpoint" | "region"> },
  { args = [], env = {}, local = true, isNamed = true }: StartOptions = {},
): Promise<Dashboard> {
  const reach = [...(local ? ["--local"] : []), ...(isNamed ? ["--endpoint-url", standIn.endpoint] : [])];
  const { child, line, ended } = startFota(["dashboard", "--json", ...reach, ...args], {
    AWS_REGION: standIn.region,
    ...env,
  });
  const { url } = v.parse(dashboardSchema, JSON.parse(await line((text) => text.startsWith("{"))));
  const { origin, host, port, searchParams } = new URL(url);

  function ask(
    path: string,
    { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          body += piece;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  return {
    url,
    origin,
    host,
    port: Number(port),
    token: searchParams.get("token") ?? "",
    ask,
    async cookie() {
      const { headers } = await ask(url.slice(origin.length));
      return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    },
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return await ended;
    },
  };
}
