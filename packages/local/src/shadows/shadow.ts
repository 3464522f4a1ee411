import type { ShadowId } from "@fota/shared";
import { builtIndexOf, indexOf } from "../listing/indexes.js";
import type { Listed } from "../listing/key-lists.js";
import { type InOrder, ListIndex } from "../listing/list-index.js";
import { noteChange, type RegistryContext } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import { WatchedMap } from "../state/watched-map.js";
import type { JsonObject } from "./json.js";

/** The registry and the shadows. */
export interface ShadowWorld extends Registry {
  /**
   * By thing name, then by shadow name; the classic shadow has the name "". As at AWS, a shadow needs no thing in the
   * registry and outlives it. Absent until the first shadow.
   */
  shadows?: Map<string, Map<string, Shadow>>;
}

/** A shadow, or what is left of a deleted one. */
export interface Shadow {
  sequence: number;
  /** Grows by 1 with each update. */
  version: number;
  /** Absent if the shadow was deleted. */
  document?: ShadowText;
  deletedAtMs?: number;
}

/** JSON texts of `ShadowSections`. Text, because a state may have any member, also those that state files reserve. */
interface ShadowText {
  state: string;
  metadata: string;
}

/** Either half of a shadow's document. A section without members is absent. */
export interface ShadowSections {
  desired?: JsonObject;
  reported?: JsonObject;
}

/** A shadow as services see it. Nothing may change it. */
export interface ShadowDocument {
  readonly state: ShadowSections;
  /** Has the time in seconds of each value in `state`. */
  readonly metadata: ShadowSections;
  readonly version: number;
}

/** A message that the shadow service publishes to all subscribers. */
interface ShadowMessage {
  topic: string;
  /** JSON text. */
  payload: string;
}

/** A running command, and the messages that it publishes, in order. */
export interface ShadowContext extends RegistryContext {
  world: ShadowWorld;
  messages: ShadowMessage[];
}

/** AWS IoT Developer Guide, "Interacting with shadows": a new shadow continues the version of one deleted within 48 hours. */
const VERSION_KEPT_MS = 48 * 3_600_000;

/** Returns a shadow's document; `undefined` if there is no such shadow. */
export function findShadow(world: ShadowWorld, id: ShadowId): ShadowDocument | undefined {
  const { document, version = 0 } = shadowRecord(world, id) ?? {};
  if (document === undefined) return undefined;
  return {
    state: JSON.parse(document.state),
    // Parsed only when it is read: a search of a fleet rarely needs it.
    get metadata(): ShadowSections {
      return JSON.parse(document.metadata);
    },
    version,
  };
}

/** Returns the version that the next update of a shadow must name, if it names one; 0 for a new shadow. */
export function versionOf(world: ShadowWorld, id: ShadowId, nowMs: number): number {
  const { version = 0, deletedAtMs } = shadowRecord(world, id) ?? {};
  return deletedAtMs !== undefined && nowMs - deletedAtMs >= VERSION_KEPT_MS ? 0 : version;
}

interface NamedShadow extends Listed {
  shadowName: string;
}

/** Returns the named shadows of a thing, in order of creation. */
export function namedShadows(world: ShadowWorld, thingName: string): InOrder<NamedShadow> {
  const shadows = world.shadows?.get(thingName);
  if (shadows === undefined) return new ListIndex<NamedShadow>([]);
  return indexOf(shadows, () => [...shadows].flatMap(([name, shadow]) => listedShadow(name, shadow)));
}

function listedShadow(shadowName: string, { sequence, document }: Readonly<Shadow>): NamedShadow[] {
  return shadowName === "" || document === undefined ? [] : [{ shadowName, sequence }];
}

export function shadowRecord(world: ShadowWorld, { thingName, shadowName = "" }: ShadowId) {
  return world.shadows?.get(thingName)?.get(shadowName);
}

/** Stores a shadow, or what is left of it, in place of what was there. */
export function storeShadow(
  context: ShadowContext,
  { thingName, shadowName = "" }: ShadowId,
  shadow: Shadow,
): void {
  const { world } = context;
  world.shadows ??= new WatchedMap();
  const ofThing = world.shadows.get(thingName) ?? new Map<string, Shadow>();
  const index = builtIndexOf<NamedShadow>(ofThing);
  const before = ofThing.get(shadowName);
  for (const listed of before === undefined ? [] : listedShadow(shadowName, before)) index?.delete(listed);
  ofThing.set(shadowName, shadow);
  for (const listed of listedShadow(shadowName, shadow)) index?.add(listed);
  world.shadows.set(thingName, ofThing);
  noteChange(context, thingName, "shadow");
}
