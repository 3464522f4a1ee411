import { type ShadowId, shadowTopic } from "@fota/shared";
import { noSuchShadow } from "./errors.js";
import { type ShadowContext, shadowRecord, storeShadow } from "./shadow.js";

/**
 * Runs DeleteThingShadow. Returns the answer, which has the version of the deleted shadow, and publishes it.
 * @throws {AwsError} ResourceNotFound
 */
export function deleteShadow(
  context: ShadowContext,
  { clientToken, ...id }: ShadowId & { clientToken?: string },
) {
  const { world, nowMs, messages } = context;
  const shadow = shadowRecord(world, id);
  if (shadow?.document === undefined) throw noSuchShadow(id);
  const { sequence, version } = shadow;
  storeShadow(context, id, { sequence, version, deletedAtMs: nowMs });
  const answer = {
    version,
    timestamp: Math.floor(nowMs / 1000),
    ...(clientToken !== undefined && { clientToken }),
  };
  messages.push({ topic: `${shadowTopic(id, "delete")}/accepted`, payload: JSON.stringify(answer) });
  return answer;
}
