import { connect } from "node:net";
import { messageOf } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { iotEndpoint } from "../aws/endpoints.js";
import { ok, type Verdict, warn } from "./verdict.js";

const CONNECT_TIMEOUT_MS = 5_000;
const MQTT_PORT = 8883;
const HTTPS_PORT = 443;

/**
 * Looks up an endpoint and connects to it. A refused connection is no failure: devices connect to it, not this machine.
 */
export async function checkIotEndpoint(
  { iot, access, signal }: Pick<Cloud, "iot" | "access" | "signal">,
  type: "iot:Data-ATS" | "iot:Jobs",
): Promise<Verdict> {
  const address = await iotEndpoint(iot, type);
  const [, inBrackets, name = address, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = inBrackets ?? name;
  const at = Number(port ?? (type === "iot:Jobs" ? HTTPS_PORT : MQTT_PORT));
  try {
    const way = (await access.proxies?.reach(host, at, signal)) ?? "direct";
    if (way === "direct") await reach(host, at);
    return ok(`fota reached ${host}:${at}`);
  } catch (error) {
    return warn(
      `cannot reach ${host}:${at} from here: ${messageOf(error)}`,
      "check that the devices' network allows it; MQTT also works on port 443 with ALPN",
    );
  }
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("timeout", () => socket.destroy(new Error(`no answer in ${CONNECT_TIMEOUT_MS / 1000} s`)));
    socket.once("error", reject);
  });
}
