import type { Fault, FaultKind, FaultOf } from "./fault.js";
import { readFault } from "./read-fault.js";

/** A fault that was switched on, and what has come of it. */
export type ActiveFault = Fault & {
  id: string;
  /** How often it struck. */
  applied: number;
  /** How often it still will; at 0 it is listed and does nothing. Absent: until it is removed. */
  remaining?: number;
};

/** The troubles of one stand-in. None is on at its start. */
export interface Faults {
  /** @throws {FotaError} FAULT_INVALID */
  add(fault: Fault): ActiveFault;
  /** In the order in which they were added, which is the order in which they are tried. */
  list(): ActiveFault[];
  /** False when there is no such fault. */
  remove(id: string): boolean;
  /** Removes all; the number of them. */
  clear(): number;
}

/** A fault that has just struck. */
export interface Struck<K extends FaultKind> {
  fault: FaultOf<K>;
  /** Aborts when the fault is removed. */
  removed: AbortSignal;
}

/** The side of the services: what goes wrong now. */
export interface FaultSource {
  /** The first fault of one of these kinds that `fits`, counted as having struck; most often there is none. */
  strike<K extends FaultKind>(
    kinds: readonly K[],
    fits: (fault: FaultOf<K>) => boolean,
  ): Struck<K> | undefined;
}

interface Entry {
  id: string;
  fault: Fault;
  applied: number;
  removal: AbortController;
}

export function createFaults(): Faults & FaultSource {
  const entries = new Map<string, Entry>();
  let lastNumber = 0;

  function shown({ id, fault, applied }: Entry): ActiveFault {
    const remaining = fault.times === undefined ? {} : { remaining: fault.times - applied };
    return { id, ...fault, applied, ...remaining };
  }

  function remove(id: string): boolean {
    entries.get(id)?.removal.abort();
    return entries.delete(id);
  }

  return {
    add(given) {
      const fault = readFault(given);
      lastNumber += 1;
      const entry: Entry = { id: String(lastNumber), fault, applied: 0, removal: new AbortController() };
      entries.set(entry.id, entry);
      return shown(entry);
    },
    list: () => [...entries.values()].map(shown),
    remove,
    clear: () => [...entries.keys()].filter(remove).length,

    strike<K extends FaultKind>(kinds: readonly K[], fits: (fault: FaultOf<K>) => boolean) {
      for (const entry of entries.values()) {
        const { fault, applied, removal } = entry;
        if (!isOneOf(kinds, fault) || applied === fault.times || !fits(fault)) continue;
        entry.applied += 1;
        return { fault, removed: removal.signal };
      }
      return undefined;
    },
  };
}

function isOneOf<K extends FaultKind>(kinds: readonly K[], fault: Fault): fault is FaultOf<K> {
  return (kinds as readonly FaultKind[]).includes(fault.kind);
}
