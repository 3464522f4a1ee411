import { sharedFilter } from "../topics.js";
import { createSubscriptionTree } from "./subscription-tree.js";

/** The subscriptions of all clients, single and shared. */
export interface Subscribers<Client, Value> {
  /** Adds a subscription, or replaces the one of `client` with the same filter. */
  add(filter: string, client: Client, value: Value): void;
  remove(filter: string, client: Client): void;
  /** Returns whether any subscription matches `topic`. */
  isMatched(topic: string): boolean;
  /**
   * Calls `found` for each single subscription that matches `topic`, and `shared` for one member of each group that does.
   * The members of a group take turns; connected ones come first.
   */
  match(
    topic: string,
    handlers: {
      found: (client: Client, value: Value) => void;
      shared: (client: Client, value: Value) => void;
      isConnected: (client: Client) => boolean;
    },
  ): void;
}

interface Group<Client, Value> {
  /** In the order of their turns: the member that got the last message is at the end. */
  members: Map<Client, Value>;
}

export function createSubscribers<Client extends object, Value>(): Subscribers<Client, Value> {
  const own = createSubscriptionTree<Client, Value>();
  const shared = createSubscriptionTree<Group<Client, Value>, undefined>();
  /** By whole filter, including `$share/` and the name. */
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

    isMatched(topic) {
      let matched = false;
      const found = () => {
        matched = true;
      };
      own.match(topic, found);
      shared.match(topic, found);
      return matched;
    },

    match(topic, handlers) {
      own.match(topic, handlers.found);
      shared.match(topic, ({ members }) => {
        const ready = [...members].find(([client]) => handlers.isConnected(client));
        const [client, value] = ready ?? [...members][0] ?? [];
        if (client === undefined || value === undefined) return;
        members.delete(client);
        members.set(client, value);
        handlers.shared(client, value);
      });
    },
  };
}
