import { FotaError, type ProvisioningRequest, provisioningTopic } from "@fota/shared";
import { withDeadline } from "../core/deadline.js";
import { parseMessage } from "../core/jobs-payloads.js";
import type { Clock, Mqtt } from "../core/ports.js";

type Members = Readonly<Record<string, unknown>>;

/** The result of a request that the service answered for good. */
export type ProvisioningAnswer =
  | { outcome: "accepted"; members: Members }
  /** The service refuses the request, and would refuse it again. */
  | { outcome: "rejected"; errorCode: string; error: FotaError };

/** The last words of a refusal that only a person can fix. */
const REFUSAL_HINT =
  "check the provisioning template, its parameters, and the policy of the claim certificate";

/**
 * Sends a request to the fleet provisioning service and waits for its answer. Its answers have no client token, so a
 * connection carries one request at a time.
 *
 * @throws {FotaError} MQTT_CLOSED, REQUEST_TIMED_OUT, RESPONSE_INVALID, THROTTLED or AWS_ERROR: the request may succeed
 * later; REQUEST_REJECTED if the broker refuses a topic
 */
export async function requestProvisioning(
  mqtt: Mqtt,
  clock: Pick<Clock, "after">,
  timeoutMs: number,
  request: ProvisioningRequest,
  body: object,
): Promise<ProvisioningAnswer> {
  const topic = provisioningTopic(request);
  const exchange = async (): Promise<ProvisioningAnswer> => {
    let resolve: (read: () => ProvisioningAnswer) => void = () => {};
    const answered = new Promise<() => ProvisioningAnswer>((done) => {
      resolve = done;
    });
    const lost = () =>
      resolve(() => {
        throw new FotaError("MQTT_CLOSED", `the connection was lost before the answer on ${topic}`);
      });
    await mqtt.subscribe(`${topic}/accepted`, (payload) => resolve(() => readAccepted(topic, payload)), lost);
    await mqtt.subscribe(`${topic}/rejected`, (payload) => resolve(() => readRejected(topic, payload)), lost);
    const sent = mqtt.publish(topic, JSON.stringify(body));
    const read = await Promise.race([answered, sent.then(() => answered)]); // the answer may overtake the PUBACK
    return read();
  };
  return await withDeadline(
    clock,
    timeoutMs,
    exchange(),
    () => new FotaError("REQUEST_TIMED_OUT", `no answer on ${topic} within ${timeoutMs} ms`),
  );
}

function readAccepted(topic: string, payload: string): ProvisioningAnswer {
  const members = parseMessage(payload);
  if (members === undefined) {
    throw new FotaError("RESPONSE_INVALID", `the answer on ${topic}/accepted is not a JSON object`);
  }
  return { outcome: "accepted", members };
}

function readRejected(topic: string, payload: string): ProvisioningAnswer {
  const { statusCode, errorCode, errorMessage } = parseMessage(payload) ?? {};
  const message = `${topic} was refused: ${[statusCode, errorCode, errorMessage].filter(Boolean).join(" ")}`;
  if (statusCode === 429 || /Throttl/i.test(String(errorCode))) throw new FotaError("THROTTLED", message);
  if (typeof statusCode !== "number" || statusCode >= 500) throw new FotaError("AWS_ERROR", message);
  const error = new FotaError("REQUEST_REJECTED", message, { hint: REFUSAL_HINT });
  return { outcome: "rejected", errorCode: String(errorCode), error };
}
