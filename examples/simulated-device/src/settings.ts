import type { ThingOptions } from "@fota/agent/node";

export interface Settings {
  dir: string;
  pollMs: number;
  connection: ThingOptions;
  /** Allows downloads by http from this machine, as `fota local` needs. Never use it in production. */
  allowLoopbackHttp: boolean;
  /** Roots for the download, in addition to Node's. */
  roots: { ca?: string };
}

/** Reads the settings of the device from its environment, so that all devices can run the same image. */
export function settingsOf(env: NodeJS.ProcessEnv): Settings {
  const pollMs = Number(env["FOTA_POLL_MS"] ?? 10_000);
  if (!(pollMs > 0)) throw new Error(`FOTA_POLL_MS must be a number above 0, not ${env["FOTA_POLL_MS"]}`);
  const url = env["FOTA_MQTT_URL"];
  const [cert, key, ca] = [env["FOTA_CERT"], env["FOTA_KEY"], env["FOTA_CA"]];
  return {
    dir: required(env, "FOTA_DIR"),
    pollMs,
    allowLoopbackHttp: env["FOTA_ALLOW_LOOPBACK_HTTP"] === "1",
    connection: {
      thingName: required(env, "FOTA_THING"),
      ...(url ? { url } : { endpoint: required(env, "FOTA_ENDPOINT") }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(ca && { ca }),
    },
    roots: ca ? { ca } : {},
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name} is not set`);
}
