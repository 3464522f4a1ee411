import { openJournal } from "../engine/journal.js";
import type { FolderOwner } from "../folder/folder-identity.js";
import {
  applyRecord,
  emptyKeptState,
  type KeptRecord,
  keptMessage,
  messageFrom,
  recordsOf,
} from "./kept-state.js";
import type { Message } from "./message.js";
import { createSession, type Delivery, type Session, type StoredSession } from "./session.js";

/** Keeps retained messages and sessions in a folder. */
export interface SessionStore {
  /** The retained messages that the last process left. */
  retained(): Message[];
  /** The sessions that it left; `endsAtMs` is absent where the client was connected to the end. */
  sessions(): { session: Session; endsAtMs: number | undefined }[];
  /** With an empty payload: nothing is retained on its topic any more. */
  retain(message: Message): void;
  keeperOf(clientId: string): StoredSession;
  /** Resolves when what was told so far survives a power cut. Rejects when it could not be written. */
  written(): Promise<void>;
  close(): Promise<void>;
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
export async function openSessionStore(dir: string, owner?: FolderOwner): Promise<SessionStore> {
  const state = emptyKeptState();
  const ids = new WeakMap<Delivery, number>();
  let lastId = 0;
  const apply = (record: KeptRecord) => {
    applyRecord(state, record);
    if (record.type === "queue") lastId = Math.max(lastId, record.id);
  };
  const journal = await openJournal({
    dir,
    owner,
    restore: (text) => {
      for (const record of JSON.parse(text) as KeptRecord[]) apply(record);
    },
    replay: (record) => apply(record as KeptRecord),
    snapshot: () => JSON.stringify(recordsOf(state)),
  });
  let writing = Promise.resolve();
  /** A write failed: the broker has changes that the disk has not, until a snapshot brings it to the broker's state. */
  let isBehind = false;

  function keep(record: KeptRecord): void {
    apply(record);
    writing = isBehind ? journal.catchUp() : journal.append(record);
    // Who needs to know asks `written`.
    writing.then(
      () => {
        isBehind = false;
      },
      () => {
        isBehind = true;
      },
    );
  }

  function keeperOf(clientId: string): StoredSession {
    return {
      setExpiry: (expirySeconds, endsAtMs) =>
        keep({ type: "session", clientId, expirySeconds, ...(endsAtMs !== undefined && { endsAtMs }) }),
      remove: () => keep({ type: "end", clientId }),
      subscribed: (filter, subscription) => keep({ type: "subscribe", clientId, filter, subscription }),
      unsubscribed: (filter) => keep({ type: "unsubscribe", clientId, filter }),
      queued: (delivery) => {
        lastId += 1;
        ids.set(delivery, lastId);
        const kept = { ...delivery, message: keptMessage(delivery.message) };
        keep({ type: "queue", clientId, id: lastId, delivery: kept });
      },
      acknowledged: (delivery) => {
        const id = ids.get(delivery);
        if (id !== undefined) keep({ type: "settle", clientId, id });
      },
    };
  }

  return {
    retained: () => [...state.retained.values()].map(messageFrom),
    sessions: () =>
      [...state.sessions].map(([clientId, { expirySeconds, endsAtMs, subscriptions, queue }]) => {
        const session = createSession(clientId);
        session.expirySeconds = expirySeconds;
        session.keeper = keeperOf(clientId);
        for (const [filter, subscription] of subscriptions) session.subscriptions.set(filter, subscription);
        for (const [id, kept] of queue) {
          const delivery: Delivery = { ...kept, message: messageFrom(kept.message) };
          ids.set(delivery, id);
          session.queue.push(delivery);
        }
        return { session, endsAtMs };
      }),
    retain: (message) => keep({ type: "retain", message: keptMessage(message) }),
    keeperOf,
    written: () => writing,
    close: async () => {
      await writing.catch(() => undefined);
      await journal.close();
    },
  };
}
