import type { Connectivity, Thing } from "../registry/registry.js";
import { findShadow, type ShadowDocument } from "../shadows/shadow.js";
import { indexedShadowNames, isClassicShadowIndexed, type SearchWorld } from "./indexing.js";
import { searchableShadow } from "./shadow-fields.js";

/** A thing as the index sees it. */
export class IndexedThing {
  readonly world: SearchWorld;
  readonly thing: Readonly<Thing>;
  /** By client id, which is the thing's name; absent if connectivity is not known. */
  readonly clients: ReadonlyMap<string, Connectivity> | undefined;
  /** Made when it is needed: most searches of a million things read no shadow. */
  #shadows: Map<string, ShadowDocument | undefined> | undefined;

  constructor(
    world: SearchWorld,
    thing: Readonly<Thing>,
    clients: ReadonlyMap<string, Connectivity> | undefined,
  ) {
    this.world = world;
    this.thing = thing;
    this.clients = clients;
  }

  get sequence(): number {
    return this.thing.sequence;
  }

  /** Returns a shadow of the thing, parsed once; the classic shadow has the name "". */
  shadow(shadowName: string): ShadowDocument | undefined {
    this.#shadows ??= new Map();
    if (!this.#shadows.has(shadowName)) {
      const { thingName } = this.thing;
      this.#shadows.set(shadowName, findShadow(this.world, { thingName, shadowName }));
    }
    return this.#shadows.get(shadowName);
  }
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
