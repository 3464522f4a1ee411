import type { FolderOwner } from "../folder/folder-identity.js";
import { openJournal } from "../journal/journal.js";
import type { JournaledState } from "../journal/load-journal.js";
import { ChangingState } from "../state/changing-state.js";
import {
  applyRecord,
  decodeMessage,
  emptyKeptState,
  encodeMessage,
  type KeptRecord,
  type KeptState,
} from "./kept-state.js";
import type { Message } from "./message.js";
import { createSession, type Delivery, type Session, type StoredSession } from "./session.js";

/** Stores retained messages and sessions in a folder. */
export interface SessionStore {
  /** Returns the stored retained messages. */
  retained(): Message[];
  /** Returns the stored sessions; `endsAtMs` is absent if the client was connected when the last process ended. */
  sessions(): { session: Session; endsAtMs: number | undefined }[];
  /** Stores a retained message. One with an empty payload removes the message on its topic. */
  retain(message: Message): void;
  storedSession(clientId: string): StoredSession;
  /** Resolves when all changes so far survive a power cut. Rejects if they cannot be written. */
  written(): Promise<void>;
  close(): Promise<void>;
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
export async function openSessionStore(dir: string, owner?: FolderOwner): Promise<SessionStore> {
  let state = emptyKeptState();
  const changes = new ChangingState();
  const ids = new WeakMap<Delivery, number>();
  const journaled: JournaledState = {
    restore: (root) => {
      const restored = root as KeptState;
      return {
        replay: (record) => {
          applyRecord(restored, record as KeptRecord);
          return undefined;
        },
        finish: () => {
          state = restored;
        },
      };
    },
    // Earlier releases stored the records that make the state.
    restoreText: (text) => {
      const restoration = journaled.restore(emptyKeptState());
      for (const record of JSON.parse(text)) restoration.replay(record);
      return restoration;
    },
    capture: () => changes.capture(state),
  };
  const journal = await openJournal({ dir, owner, state: journaled });
  let lastId = 0;
  for (const { queue } of state.sessions.values()) lastId = Math.max(lastId, ...queue.keys());
  let writing = Promise.resolve();
  /** A write failed: the disk lacks changes of the broker, until a new snapshot is written. */
  let hasUnwrittenChanges = false;

  function write(record: KeptRecord): void {
    changes.change(() => applyRecord(state, record));
    writing = hasUnwrittenChanges ? journal.catchUp() : journal.append(record);
    // Errors are reported by `written`.
    writing.then(
      () => {
        hasUnwrittenChanges = false;
      },
      () => {
        hasUnwrittenChanges = true;
      },
    );
  }

  function storedSession(clientId: string): StoredSession {
    return {
      setExpiry: (expirySeconds, endsAtMs) =>
        write({ type: "session", clientId, expirySeconds, ...(endsAtMs !== undefined && { endsAtMs }) }),
      remove: () => write({ type: "end", clientId }),
      subscribed: (filter, subscription) => write({ type: "subscribe", clientId, filter, subscription }),
      unsubscribed: (filter) => write({ type: "unsubscribe", clientId, filter }),
      queued: (delivery) => {
        lastId += 1;
        ids.set(delivery, lastId);
        const kept = { ...delivery, message: encodeMessage(delivery.message) };
        write({ type: "queue", clientId, id: lastId, delivery: kept });
      },
      acknowledged: (delivery) => {
        const id = ids.get(delivery);
        if (id !== undefined) write({ type: "settle", clientId, id });
      },
    };
  }

  return {
    retained: () => [...state.retained.values()].map(decodeMessage),
    sessions: () =>
      [...state.sessions].map(([clientId, { expirySeconds, endsAtMs, subscriptions, queue }]) => {
        const session = createSession(clientId);
        session.expirySeconds = expirySeconds;
        session.stored = storedSession(clientId);
        for (const [filter, subscription] of subscriptions) session.subscriptions.set(filter, subscription);
        for (const [id, kept] of queue) {
          const delivery: Delivery = { ...kept, message: decodeMessage(kept.message) };
          ids.set(delivery, id);
          session.queue.push(delivery);
        }
        return { session, endsAtMs };
      }),
    retain: (message) => write({ type: "retain", message: encodeMessage(message) }),
    storedSession,
    written: () => writing,
    close: async () => {
      await writing.catch(() => undefined);
      await journal.close();
    },
  };
}
