import { WatchedMap } from "../state/watched-map.js";
import { noteChange, noteChangeOfAll, type RegistryContext } from "./context.js";
import type { Connectivity, Registry } from "./registry.js";

export interface ConnectivityInput extends Connectivity {
  clientId: string;
}

/** Starts recording connectivity, beginning with the `known` clients, or stops indexing it. */
export function indexConnectivity(
  context: RegistryContext,
  { indexed, known = [] }: { indexed: boolean; known?: ConnectivityInput[] },
): void {
  const { world } = context;
  if (indexed) delete world.connectivityOff;
  else world.connectivityOff = true;
  if (indexed === world.connectivityIndexed) return;
  world.connectivityIndexed = indexed;
  if (indexed) {
    world.connectivity = WatchedMap.from(known.map((each) => [each.clientId, pickConnectivity(each)]));
  } else delete world.connectivity;
  noteChangeOfAll(context, "connectivity");
}

/** Records that a client connected or disconnected. Its thing is the one with the same name. */
export function noteConnectivity(context: RegistryContext, input: ConnectivityInput): void {
  const { world } = context;
  if (world.connectivityOff === true) return;
  world.connectivity ??= new WatchedMap();
  world.connectivity.set(input.clientId, pickConnectivity(input));
  noteChange(context, input.clientId, "connectivity");
}

/**
 * Returns whether a connect or disconnect must be recorded: always while connectivity is recorded, else only the first
 * connect of a thing, so that a restart can tell a thing that disconnected from one that never connected.
 */
export function mustRecord(world: Registry, clientId: string): boolean {
  if (world.connectivityOff === true) return false;
  if (world.connectivityIndexed) return true;
  return world.things.has(clientId) && world.connectivity?.has(clientId) !== true;
}

/** Returns `world.connectivity` as it is after a restart: every client that was connected has lost its connection. */
export function connectivityAfterRestart(world: Registry, nowMs: number): Map<string, Connectivity> {
  const lost = { sinceMs: nowMs, disconnectReason: "CONNECTION_LOST" };
  return new Map(
    [...(world.connectivity ?? [])].map(([clientId, known]) => [clientId, isConnected(known) ? lost : known]),
  );
}

export function isConnected(known: Readonly<Connectivity> | undefined): boolean {
  return known !== undefined && known.disconnectReason === undefined;
}

function pickConnectivity({ sinceMs, disconnectReason }: Connectivity): Connectivity {
  return { sinceMs, ...(disconnectReason !== undefined && { disconnectReason }) };
}
