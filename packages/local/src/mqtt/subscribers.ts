import { sharedFilter } from "../topics.js";
import { createSubscriptionTree } from "./subscription-tree.js";

/** Who subscribed to what, alone or in a group that shares a subscription. */
export interface Subscribers<Client, Value> {
  /** Adds a subscription, or replaces the one that `client` has with this very filter. */
  add(filter: string, client: Client, value: Value): void;
  remove(filter: string, client: Client): void;
  /**
   * Calls `found` for each subscription of a client's own that takes `topic`, and `shared` for one member of each group
   * that does: they take turns, and who can take it at once (`isReady`) goes before who cannot.
   */
  match(
    topic: string,
    handlers: {
      found: (client: Client, value: Value) => void;
      shared: (client: Client, value: Value) => void;
      isReady: (client: Client) => boolean;
    },
  ): void;
}

interface Group<Client, Value> {
  /** In order of their turns: who was served last stands at the end. */
  members: Map<Client, Value>;
}

export function createSubscribers<Client extends object, Value>(): Subscribers<Client, Value> {
  const own = createSubscriptionTree<Client, Value>();
  const shared = createSubscriptionTree<Group<Client, Value>, undefined>();
  /** By whole filter, `$share/` and name included. */
  const groups = new Map<string, Group<Client, Value>>();

  return {
    add(filter, client, value) {
      const share = sharedFilter(filter);
      if (share === undefined) {
        own.add(filter, client, value);
        return;
      }
      const group = groups.get(filter) ?? { members: new Map() };
      groups.set(filter, group);
      group.members.set(client, value);
      shared.add(share.filter, group, undefined);
    },

    remove(filter, client) {
      const share = sharedFilter(filter);
      if (share === undefined) {
        own.remove(filter, client);
        return;
      }
      const group = groups.get(filter);
      group?.members.delete(client);
      if (group?.members.size !== 0) return;
      groups.delete(filter);
      shared.remove(share.filter, group);
    },

    match(topic, handlers) {
      own.match(topic, handlers.found);
      shared.match(topic, ({ members }) => {
        const ready = [...members].find(([client]) => handlers.isReady(client));
        const [client, value] = ready ?? [...members][0] ?? [];
        if (client === undefined || value === undefined) return;
        members.delete(client);
        members.set(client, value);
        handlers.shared(client, value);
      });
    },
  };
}
