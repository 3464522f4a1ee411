import type { Fault, FaultKind, FaultOf } from "./fault.js";
import { readFault } from "./read-fault.js";

/** A fault that was switched on, and how often it was applied. */
export type ActiveFault = Fault & {
  id: string;
  /** How often it was applied. */
  applied: number;
  /** How often it will still be applied; at 0 it is listed but has no effect. Absent if it has no limit. */
  remaining?: number;
};

/** The faults of one stand-in; none at the start. */
export interface Faults {
  /** @throws {FotaError} FAULT_INVALID */
  add(fault: Fault): ActiveFault;
  /** Returns all faults in the order in which they were added, which is the order in which they are tried. */
  list(): ActiveFault[];
  /** Returns false if there is no such fault. */
  remove(id: string): boolean;
  /** Removes all faults; returns their number. */
  clear(): number;
}

/** A fault that has just been triggered. */
export interface TriggeredFault<K extends FaultKind> {
  fault: FaultOf<K>;
  /** Aborts when the fault is removed. */
  removed: AbortSignal;
}

/** The services' view of the faults. */
export interface FaultSource {
  /** Returns the first fault of these kinds that `matches`, and counts it as applied; usually `undefined`. */
  trigger<K extends FaultKind>(
    kinds: readonly K[],
    matches: (fault: FaultOf<K>) => boolean,
  ): TriggeredFault<K> | undefined;
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

  function toActiveFault({ id, fault, applied }: Entry): ActiveFault {
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
      return toActiveFault(entry);
    },
    list: () => [...entries.values()].map(toActiveFault),
    remove,
    clear: () => [...entries.keys()].filter(remove).length,

    trigger<K extends FaultKind>(kinds: readonly K[], matches: (fault: FaultOf<K>) => boolean) {
      for (const entry of entries.values()) {
        const { fault, applied, removal } = entry;
        if (!isOneOf(kinds, fault) || applied === fault.times || !matches(fault)) continue;
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
