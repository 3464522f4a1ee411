import { isFotaError, messageOf } from "@fota/shared";
import { Jobs } from "../../jobs.js";
import { connectThing } from "../../node/mqtt.js";
import type { Config } from "../config/schema.js";
import { connectionOf } from "../device/device.js";
import type { Live, Status } from "../status/result.js";
import { type Finding, fail, failed, ok, warn } from "./finding.js";

/** Connects with the device's certificate and asks for its jobs, as the agent does. */
export async function checkBroker(config: Config): Promise<Finding> {
  const { endpoint, thingName } = config;
  try {
    const thing = await connectThing(connectionOf(config));
    try {
      const [inProgress, queued] = await new Jobs(thing).list();
      const pending = inProgress.length + queued.length;
      return ok("broker", `${endpoint} accepts ${thingName}; ${pending} pending jobs`);
    } catch (error) {
      return fail(
        "broker",
        `${endpoint} accepts the connection, but not the request for jobs: ${messageOf(error)}`,
        `check that the policy of the certificate allows the topics of ${thingName}: docs/device-guide.md`,
      );
    } finally {
      await thing.disconnect();
    }
  } catch (error) {
    if (isFotaError(error) && error.hint !== undefined) return failed("broker", error);
    return fail(
      "broker",
      messageOf(error),
      "check endpoint, network, proxy and clock, and that the certificate is active and attached to the thing",
    );
  }
}

/**
 * Returns what the running daemon knows of the broker. A second connection of the thing would end that of the daemon.
 * @param config as the file has it now: the daemon may still use an older one
 * @param status of the daemon
 */
export function brokerFinding(config: Config, { thing, endpoint }: Status, { link, problem }: Live): Finding {
  const isOther = thing !== config.thingName || endpoint !== config.endpoint;
  if (isOther) {
    return warn(
      "broker",
      `the daemon uses ${endpoint} as ${thing}, but the configuration names ${config.endpoint} as ${config.thingName}`,
      "send SIGHUP to the daemon, as `systemctl reload fota-agent` does, then check again",
    );
  }
  if (link === "connected") return ok("broker", `the daemon is connected to ${endpoint}`);
  return fail(
    "broker",
    `the daemon is not connected to ${endpoint}: ${problem ?? link}`,
    "look at the log of fota-agent; stop it and check again for more",
  );
}
