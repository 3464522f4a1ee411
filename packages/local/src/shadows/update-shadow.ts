import { type ShadowId, shadowTopic } from "@fota/shared";
import { nextSequence } from "../registry/context.js";
import { deltaMetadata, deltaOf } from "./delta.js";
import { tooLarge, wrongVersion } from "./errors.js";
import { mergeMetadata, mergeState, stamp } from "./merge.js";
import { checkPackageState, PACKAGE_SHADOW } from "./package-shadow.js";
import type { StatePatch, UpdateRequest } from "./request.js";
import {
  findShadow,
  type ShadowContext,
  type ShadowDocument,
  type ShadowSections,
  shadowRecord,
  storeShadow,
  versionOf,
} from "./shadow.js";

/** Of `desired` and `reported` together, as JSON. AWS General Reference, quotas of Device Shadow; the default. */
const STATE_MAX_BYTES = 8 * 1024;

export interface UpdateShadowInput extends ShadowId, UpdateRequest {}

/**
 * Runs UpdateThingShadow: creates the shadow if there is none. Returns the answer, and publishes it with the change, and
 * the delta if there is one. Whether `desired` or `reported` changed does not matter for the delta.
 * @throws {AwsError} Conflict, RequestEntityTooLarge
 */
export function updateShadow(context: ShadowContext, input: UpdateShadowInput) {
  const { world, nowMs, messages } = context;
  const { state: patch, version: expected, clientToken, ...id } = input;
  if (id.shadowName === PACKAGE_SHADOW) checkPackageState(patch);
  const previous = findShadow(world, id);
  const version = versionOf(world, id, nowMs);
  if (expected !== undefined && expected !== version) throw wrongVersion();
  const timestamp = Math.floor(nowMs / 1000);
  const current = { ...applyPatch(previous, patch, timestamp), version: version + 1 };
  if (sizeBytes(current.state) > STATE_MAX_BYTES) throw tooLarge();

  const sequence = previous && shadowRecord(world, id)?.sequence;
  storeShadow(context, id, {
    sequence: sequence ?? nextSequence(world),
    version: current.version,
    document: { state: JSON.stringify(current.state), metadata: JSON.stringify(current.metadata) },
  });

  const common = { timestamp, ...(clientToken !== undefined && { clientToken }) };
  const answer = {
    state: patch,
    metadata: stampSections(patch, timestamp),
    version: current.version,
    ...common,
  };
  const topic = shadowTopic(id, "update");
  const publish = (name: string, message: object) =>
    messages.push({ topic: `${topic}/${name}`, payload: JSON.stringify(message) });
  publish("accepted", answer);
  const { desired = {}, reported = {} } = current.state;
  const delta = deltaOf(desired, reported);
  if (delta !== undefined) {
    const metadata = deltaMetadata(delta, current.metadata.desired ?? {});
    publish("delta", { version: current.version, ...common, state: delta, metadata });
  }
  publish("documents", { previous, current, ...common });
  return answer;
}

function applyPatch(
  previous: ShadowDocument | undefined,
  patch: StatePatch,
  timestamp: number,
): Omit<ShadowDocument, "version"> {
  const state: ShadowSections = {};
  const metadata: ShadowSections = {};
  for (const name of ["desired", "reported"] as const) {
    const change = patch === null ? null : patch[name];
    if (change === null) continue;
    const before = previous?.state[name] ?? {};
    const known = previous?.metadata[name] ?? {};
    const after = change === undefined ? before : mergeState(before, change);
    if (Object.keys(after).length === 0) continue;
    state[name] = after;
    metadata[name] = change === undefined ? known : mergeMetadata(known, change, after, timestamp);
  }
  return { state, metadata };
}

function stampSections(patch: StatePatch, timestamp: number) {
  return Object.fromEntries(
    Object.entries(patch ?? {}).map(([name, value]) => [name, stamp(value, timestamp)]),
  );
}

function sizeBytes({ desired, reported }: ShadowSections): number {
  return [desired, reported]
    .map((section) => (section === undefined ? 0 : Buffer.byteLength(JSON.stringify(section))))
    .reduce((a, b) => a + b);
}
