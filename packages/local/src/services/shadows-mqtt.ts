import { matchShadowTopic, messageOf, type ShadowId, type ShadowOperation } from "@fota/shared";
import type { Engine } from "../engine/engine.js";
import { AwsError } from "../errors.js";
import { readShadowId } from "../shadows/fields.js";
import { getShadow } from "../shadows/get-shadow.js";
import { clientTokenOf, parseRequest, parseUpdate } from "../shadows/request.js";

interface ShadowPublisher {
  engine: Engine;
  /** Sends a message to all subscribers. */
  publish: (topic: string, payload: string) => void;
}

/**
 * Answers a publish to the shadow service. As at AWS, and unlike with Jobs, `accepted` and `rejected` go to all subscribers,
 * and to no client that has not subscribed; so this resolves to `undefined`. Never rejects. Source: AWS IoT Developer Guide,
 * "Device Shadow MQTT topics".
 */
export async function answerShadowPublish(
  { engine, publish }: ShadowPublisher,
  topic: string,
  payload: Uint8Array,
): Promise<undefined> {
  const match = matchShadowTopic(topic);
  if (match === undefined) return;
  try {
    const answer = await runRequest(engine, match.operation, readShadowId(match.id), payload);
    if (answer !== undefined) publish(`${topic}/accepted`, JSON.stringify(answer));
  } catch (error) {
    publish(`${topic}/rejected`, JSON.stringify({ ...rejection(error), ...clientTokenOf(payload) }));
  }
}

/** Resolves to the answer; `undefined` for a command, which publishes its answer itself. */
async function runRequest(engine: Engine, operation: ShadowOperation, id: ShadowId, payload: Uint8Array) {
  switch (operation) {
    case "get": {
      const token = parseRequest(payload);
      return { ...getShadow(engine.world, id, engine.nowMs()), ...token };
    }
    case "update":
      await engine.run("updateShadow", { ...id, ...parseUpdate(payload) });
      return undefined;
    case "delete":
      await engine.run("deleteShadow", { ...id, ...parseRequest(payload) });
      return undefined;
  }
}

/** The rejections that AWS's guide and clients show have no time. */
function rejection(error: unknown): { code: number; message: string } {
  if (error instanceof AwsError) return { code: error.status, message: error.message };
  return { code: 500, message: `Internal service failure: ${messageOf(error)}` };
}
