import type { RequestRecord } from "../aws/request-log.js";

export interface RequestCount {
  service: string;
  operation: string;
  /** `ok`, `throttled` or `error` */
  outcome: string;
  count: number;
}

/** Counts requests by operation and outcome. */
export interface RequestCounts {
  add(request: RequestRecord): void;
  list(): RequestCount[];
}

export function createRequestCounts(): RequestCounts {
  const counts = new Map<string, RequestCount>();
  return {
    add({ service, operation, status, error }) {
      const isThrottled =
        status === 429 || status === 503 || /throttl|too ?many|limitexceeded/i.test(error ?? "");
      const outcome = error === undefined ? "ok" : isThrottled ? "throttled" : "error";
      const key = [service, operation, outcome].join(" ");
      const found = counts.get(key) ?? { service, operation, outcome, count: 0 };
      found.count += 1;
      counts.set(key, found);
    },
    list: () => [...counts.values()],
  };
}
