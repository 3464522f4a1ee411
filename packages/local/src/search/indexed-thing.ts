import type { Connectivity, Thing } from "../registry/registry.js";
import { findShadow, type ShadowDocument } from "../shadows/shadow.js";
import { indexedShadowNames, isClassicShadowIndexed, type SearchWorld } from "./indexing.js";
import { searchableShadow } from "./shadow-fields.js";

/** A thing as the index sees it. */
export interface IndexedThing {
  world: SearchWorld;
  thing: Readonly<Thing>;
  /** By client id, which is the thing's name; absent if connectivity is not known. */
  clients: ReadonlyMap<string, Connectivity> | undefined;
  /** Returns a shadow of the thing; the classic shadow has the name "". */
  shadow(name: string): ShadowDocument | undefined;
}

/** Returns a thing with its shadows, each of which is parsed once, when a field of it is read. */
export function indexedThing(
  world: SearchWorld,
  thing: Readonly<Thing>,
  clients: ReadonlyMap<string, Connectivity> | undefined,
): IndexedThing {
  const parsed = new Map<string, ShadowDocument | undefined>();
  return {
    world,
    thing,
    clients,
    shadow(shadowName) {
      if (!parsed.has(shadowName))
        parsed.set(shadowName, findShadow(world, { thingName: thing.thingName, shadowName }));
      return parsed.get(shadowName);
    },
  };
}

/** Returns the indexed shadows of a thing as SearchIndex shows them: JSON text; `undefined` if it has none. */
export function shadowsText(indexed: IndexedThing): string | undefined {
  const shadows = indexedShadows(indexed);
  if (shadows.length === 0) return undefined;
  const classic = shadows.find(([name]) => name === "")?.[1];
  const named = shadows.filter(([name]) => name !== "");
  return JSON.stringify({
    ...(classic !== undefined && searchableShadow(classic)),
    ...(named.length > 0 && {
      name: Object.fromEntries(named.map(([name, shadow]) => [name, searchableShadow(shadow)])),
    }),
  });
}

/** Returns the indexed shadows that a thing has, by name; the classic shadow has the name "". */
export function indexedShadows(indexed: IndexedThing): [string, ShadowDocument][] {
  const { world } = indexed;
  const names = [...(isClassicShadowIndexed(world) ? [""] : []), ...indexedShadowNames(world)];
  return names.flatMap((name): [string, ShadowDocument][] => {
    const shadow = indexed.shadow(name);
    return shadow === undefined ? [] : [[name, shadow]];
  });
}
