import type { RegistryContext } from "./context.js";
import { refreshConnectivityGroups } from "./dynamic-membership.js";
import { parseQuery, type Query } from "./query.js";
import { invalidQuery } from "./query-tokens.js";
import type { Connectivity, Registry } from "./registry.js";

export interface ConnectivityInput extends Connectivity {
  clientId: string;
}

/** Whether the index of things has who is connected; from then on it has the `known` ones. */
export function indexConnectivity(
  turn: RegistryContext,
  { indexed, known = [] }: { indexed: boolean; known?: ConnectivityInput[] },
): void {
  const { world } = turn;
  if (indexed === world.connectivityIndexed) return;
  world.connectivityIndexed = indexed;
  if (indexed) world.connectivity = new Map(known.map((each) => [each.clientId, connectivityIn(each)]));
  else delete world.connectivity;
  for (const thing of world.things.values()) refreshConnectivityGroups(turn, thing);
}

/** A client came or left. It is the thing that is called like it. */
export function noteConnectivity(turn: RegistryContext, input: ConnectivityInput): void {
  const { world } = turn;
  if (!world.connectivityIndexed) return;
  world.connectivity ??= new Map();
  world.connectivity.set(input.clientId, connectivityIn(input));
  const thing = world.things.get(input.clientId);
  if (thing !== undefined) refreshConnectivityGroups(turn, thing);
}

/** Clients that the last process left connected. */
export function leftConnected(world: Registry): string[] {
  return [...(world.connectivity ?? [])].flatMap(([clientId, { disconnectReason }]) =>
    disconnectReason === undefined ? [clientId] : [],
  );
}

/** A query that the index can answer. @throws {AwsError} InvalidQuery */
export function indexedQuery(world: Registry, text: string): Query {
  const query = parseQuery(text);
  if (query.asksConnectivity && !world.connectivityIndexed) {
    throw invalidQuery("connectivity is not indexed; set thingConnectivityIndexingMode to STATUS first");
  }
  return query;
}

function connectivityIn({ sinceMs, disconnectReason }: Connectivity): Connectivity {
  return { sinceMs, ...(disconnectReason !== undefined && { disconnectReason }) };
}
