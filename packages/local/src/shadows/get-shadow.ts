import type { ShadowId } from "@fota/shared";
import { deltaOf } from "./delta.js";
import { noSuchShadow } from "./errors.js";
import { findShadow, type ShadowWorld } from "./shadow.js";

/** Runs GetThingShadow: returns the document, with the delta if there is one. @throws {AwsError} ResourceNotFound */
export function getShadow(world: ShadowWorld, id: ShadowId, nowMs: number) {
  const found = findShadow(world, id);
  if (found === undefined) throw noSuchShadow(id);
  const { state, metadata, version } = found;
  const delta = deltaOf(state.desired ?? {}, state.reported ?? {});
  return {
    state: { ...state, ...(delta && { delta }) },
    metadata,
    version,
    timestamp: Math.floor(nowMs / 1000),
  };
}
