import { LIST_PAGE_MAX } from "@fota/shared";
import { invalidRequest } from "../errors.js";
import {
  type Members,
  optionalBoolean,
  optionalInteger,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
} from "./fields.js";

/** An item of a list. Its sequence number marks where a page ended, whatever is added or deleted later. */
export interface Listed {
  sequence: number;
}

export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextToken?: string;
}

/**
 * Returns the page of `items` that `maxResults` and `nextToken` of a request select.
 * @param order order of `items` by sequence number
 * @throws {AwsError} InvalidRequest
 */
export function page<T extends Listed>(
  items: Iterable<T>,
  order: "oldestFirst" | "newestFirst",
  members: Members,
): Page<T> {
  const { maxResults, last } = readPaging(members);
  const shown: T[] = [];
  for (const item of items) {
    if (last !== undefined && (order === "oldestFirst" ? item.sequence <= last : item.sequence >= last))
      continue;
    if (shown.length === maxResults)
      return { items: shown, nextToken: encodeToken(shown.at(-1)?.sequence ?? 0) };
    shown.push(item);
  }
  return { items: shown };
}

/**
 * Like `page`, for items in any order. It makes one pass and keeps one page: to sort a fleet's executions for each of
 * hundreds of pages would take seconds. It is fastest if the items are nearly in order.
 * @throws {AwsError} InvalidRequest
 */
export function pageOfUnordered<T extends Listed>(
  items: Iterable<T>,
  order: "oldestFirst" | "newestFirst",
  members: Members,
): Page<T> {
  const { maxResults, last } = readPaging(members);
  const sign = order === "oldestFirst" ? 1 : -1;
  const after = last === undefined ? Number.NEGATIVE_INFINITY : sign * last;
  const first: T[] = [];
  for (const item of items) {
    const rank = sign * item.sequence;
    const worst = first.at(-1);
    if (rank <= after) continue;
    if (first.length > maxResults && worst !== undefined && rank > sign * worst.sequence) continue;
    let index = first.length;
    while (index > 0 && sign * (first[index - 1]?.sequence ?? 0) > rank) index -= 1;
    first.splice(index, 0, item);
    if (first.length > maxResults + 1) first.pop(); // one item beyond the page shows that there are more
  }
  return page(first, order, members);
}

/** Returns a page of certificates or policies, which use `marker` and `pageSize`; newest first by default. */
export function pageByMarker<T extends Listed>(
  operation: string,
  items: Iterable<T>,
  query: URLSearchParams,
): { items: T[]; nextMarker: string | undefined } {
  const members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["pageSize", "marker", "isAscendingOrder"]);
  const ordered = bySequence([...items]);
  const ascending = optionalBoolean(members, "isAscendingOrder");
  const { items: shown, nextToken } = page(
    ascending ? ordered : ordered.reverse(),
    ascending ? "oldestFirst" : "newestFirst",
    { maxResults: members["pageSize"], nextToken: members["marker"] },
  );
  return { items: shown, nextMarker: nextToken };
}

/** Sorts in place, the oldest first. */
function bySequence<T extends Listed>(items: T[]): T[] {
  return items.sort((a, b) => a.sequence - b.sequence);
}

function readPaging(members: Members): { maxResults: number; last: number | undefined } {
  const maxResults = optionalInteger(members, "maxResults", { min: 1, max: LIST_PAGE_MAX }) ?? LIST_PAGE_MAX;
  return { maxResults, last: lastOfPageBefore(members) };
}

/**
 * Returns the sequence number that ended the page before; `undefined` for the first page. `page` skips what comes before
 * it, but a list that is slow to compute should not compute it.
 * @throws {AwsError} InvalidRequest
 */
export function lastOfPageBefore(members: Members): number | undefined {
  const token = optionalString(members, "nextToken");
  return token === undefined ? undefined : decodeToken(token);
}

function encodeToken(sequence: number): string {
  return Buffer.from(`after:${sequence}`).toString("base64url");
}

function decodeToken(token: string): number {
  const match = /^after:(\d{1,15})$/.exec(Buffer.from(token, "base64url").toString());
  if (match === null) throw invalidRequest("The nextToken is not valid for this list");
  return Number(match[1]);
}
