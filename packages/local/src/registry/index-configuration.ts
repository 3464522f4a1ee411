import type { RegistryContext } from "./context.js";
import { isConnected, refreshConnectivityGroups } from "./dynamic-membership.js";
import { parseQuery, type Query } from "./query.js";
import { invalidQuery } from "./query-tokens.js";
import type { Connectivity, Registry } from "./registry.js";

export interface ConnectivityInput extends Connectivity {
  clientId: string;
}

/** Switches between recording connectivity, from the `known` ones on, and not indexing it at all. */
export function indexConnectivity(
  turn: RegistryContext,
  { indexed, known = [] }: { indexed: boolean; known?: ConnectivityInput[] },
): void {
  const { world } = turn;
  if (indexed) delete world.connectivityOff;
  else world.connectivityOff = true;
  if (indexed === world.connectivityIndexed) return;
  world.connectivityIndexed = indexed;
  if (indexed) world.connectivity = new Map(known.map((each) => [each.clientId, connectivityIn(each)]));
  else delete world.connectivity;
  for (const thing of world.things.values()) refreshConnectivityGroups(turn, thing);
}

/** Records that a client came or left; the thing of that name is its thing. */
export function noteConnectivity(turn: RegistryContext, input: ConnectivityInput): void {
  const { world } = turn;
  if (world.connectivityOff === true) return;
  world.connectivity ??= new Map();
  world.connectivity.set(input.clientId, connectivityIn(input));
  const thing = world.things.get(input.clientId);
  if (thing !== undefined) refreshConnectivityGroups(turn, thing);
}

/**
 * Whether a connect or disconnect must be recorded: each one while connectivity is recorded, else only the first connect
 * of a thing, so that a restart tells a thing that left from one that never came.
 */
export function mustRecord(world: Registry, clientId: string): boolean {
  if (world.connectivityOff === true) return false;
  if (world.connectivityIndexed) return true;
  return world.things.has(clientId) && world.connectivity?.has(clientId) !== true;
}

/** Returns the clients of `world.connectivity` as a new process finds them: who was connected lost the connection. */
export function connectivityAfterRestart(world: Registry, nowMs: number): Map<string, Connectivity> {
  const lost = { sinceMs: nowMs, disconnectReason: "CONNECTION_LOST" };
  return new Map(
    [...(world.connectivity ?? [])].map(([clientId, known]) => [clientId, isConnected(known) ? lost : known]),
  );
}

/** Parses a query that the index can answer. @throws {AwsError} InvalidQuery */
export function indexedQuery(world: Registry, text: string): Query {
  const query = parseQuery(text);
  if (query.asksConnectivity && world.connectivityOff === true) {
    throw invalidQuery("connectivity is not indexed; set thingConnectivityIndexingMode to STATUS first");
  }
  return query;
}

/** Whether a group with this query needs connectivity to be recorded. @throws {AwsError} InvalidQuery */
export function asksUnrecorded(world: Registry, text: string): boolean {
  return indexedQuery(world, text).asksConnectivity && !world.connectivityIndexed;
}

function connectivityIn({ sinceMs, disconnectReason }: Connectivity): Connectivity {
  return { sinceMs, ...(disconnectReason !== undefined && { disconnectReason }) };
}
