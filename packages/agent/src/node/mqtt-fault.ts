import { FotaError } from "@fota/shared";
import type { Broker } from "./mqtt-options.js";
import { describeNetworkError, type NetworkFault } from "./network-error.js";

/** The broker ended the connection before it answered: how AWS IoT refuses. */
export class ClosedUnanswered extends Error {
  constructor() {
    super("the broker closed the connection without an answer");
  }
}

/** MQTT_UNREACHABLE with the broker's address, why in words, and what to do. */
export function unreachable(broker: Broker, clientId: string, cause: unknown): FotaError {
  const { words, hint } = faultOf(clientId, cause);
  return new FotaError("MQTT_UNREACHABLE", `cannot connect to ${broker.host}:${broker.port}: ${words}`, {
    cause,
    ...(hint !== undefined && { hint }),
  });
}

function faultOf(clientId: string, cause: unknown): NetworkFault {
  const hint = `check that the certificate is active and that its policy lets client id ${clientId} connect`;
  if (cause instanceof ClosedUnanswered) return { words: cause.message, hint };
  const reason = reasonCodeOf(cause);
  if (reason !== undefined && cause instanceof Error) return { words: `${cause.message} (${reason})`, hint };
  return describeNetworkError(cause);
}

/** The reason code of a CONNACK or DISCONNECT, which MQTT.js has as a number in `code`. */
function reasonCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : undefined;
}
