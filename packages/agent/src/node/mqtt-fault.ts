import { FotaError } from "@fota/shared";
import type { Broker } from "./mqtt-options.js";
import { describeNetworkError, type NetworkFault } from "./network-error.js";

/** The broker closed the connection without an answer, as AWS IoT does when it refuses a client. */
export class ClosedWithoutAnswer extends Error {
  constructor() {
    super("the broker closed the connection without an answer");
  }
}

/** Returns MQTT_UNREACHABLE with the broker's address, the reason and a hint. */
export function unreachable(broker: Broker, clientId: string, cause: unknown): FotaError {
  const { text, hint } = describeFault(clientId, cause);
  return new FotaError("MQTT_UNREACHABLE", `cannot connect to ${broker.host}:${broker.port}: ${text}`, {
    cause,
    ...(hint !== undefined && { hint }),
  });
}

function describeFault(clientId: string, cause: unknown): NetworkFault {
  const hint = `check that the certificate is active and that its policy lets client id ${clientId} connect`;
  if (cause instanceof ClosedWithoutAnswer) return { text: cause.message, hint };
  const reason = reasonCodeOf(cause);
  if (reason !== undefined && cause instanceof Error) return { text: `${cause.message} (${reason})`, hint };
  return describeNetworkError(cause);
}

/** Returns the reason code of a CONNACK or DISCONNECT, which MQTT.js reports as a number in `code`. */
function reasonCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : undefined;
}

/**
 * Returns why the broker disconnected, as the end of a sentence. MQTT 5, 3.14.2.1: 0x8E, another connection uses the client
 * id.
 */
export function disconnectReason(reasonCode: number | undefined): string {
  if (reasonCode === 0x8e) return ": another client connected with its client id";
  return reasonCode === undefined ? "" : ` (reason code ${reasonCode})`;
}

/** Returns an error as Node has it. */
export function networkError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Returns MQTT_CLOSED. */
export function closedError(thingName: string, cause?: unknown): FotaError {
  return new FotaError("MQTT_CLOSED", `${thingName} is not connected`, cause === undefined ? {} : { cause });
}
