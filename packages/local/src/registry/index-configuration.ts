import type { Turn } from "../world.js";

/** Whether the index of things has who is connected. */
export function indexConnectivity(turn: Turn, { indexed }: { indexed: boolean }): void {
  turn.world.connectivityIndexed = indexed;
}
