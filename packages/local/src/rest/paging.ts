import { LIST_PAGE_MAX } from "@fota/shared";
import { invalidRequest } from "../errors.js";
import { flag, type Members, onlyMembers, optionalInteger, optionalText, queryMembers } from "./fields.js";

/** Anything that a list shows: its sequence number says where a page ended, whatever was added or deleted since. */
export interface Listed {
  sequence: number;
}

export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextToken?: string;
}

/**
 * Cuts the page that `maxResults` and `nextToken` of a request ask for out of `items`.
 * @param order of `items` by sequence number
 * @throws {AwsError} InvalidRequest
 */
export function page<T extends Listed>(
  items: Iterable<T>,
  order: "oldestFirst" | "newestFirst",
  members: Members,
): Page<T> {
  const maxResults = optionalInteger(members, "maxResults", { min: 1, max: LIST_PAGE_MAX }) ?? LIST_PAGE_MAX;
  const token = optionalText(members, "nextToken");
  const last = token === undefined ? undefined : readToken(token);
  const shown: T[] = [];
  for (const item of items) {
    if (last !== undefined && (order === "oldestFirst" ? item.sequence <= last : item.sequence >= last))
      continue;
    if (shown.length === maxResults)
      return { items: shown, nextToken: writeToken(shown.at(-1)?.sequence ?? 0) };
    shown.push(item);
  }
  return { items: shown };
}

/** Lists of certificates and policies page by `marker` and `pageSize`, the newest first where nothing is said. */
export function markedPage<T extends Listed>(
  operation: string,
  items: Iterable<T>,
  query: URLSearchParams,
): { items: T[]; nextMarker: string | undefined } {
  const members = queryMembers(query);
  onlyMembers(operation, members, ["pageSize", "marker", "isAscendingOrder"]);
  const ordered = bySequence([...items]);
  const ascending = flag(members, "isAscendingOrder");
  const { items: shown, nextToken } = page(
    ascending ? ordered : ordered.reverse(),
    ascending ? "oldestFirst" : "newestFirst",
    { maxResults: members["pageSize"], nextToken: members["marker"] },
  );
  return { items: shown, nextMarker: nextToken };
}

/** Sorts in place, the oldest first. */
export function bySequence<T extends Listed>(items: T[]): T[] {
  return items.sort((a, b) => a.sequence - b.sequence);
}

function writeToken(sequence: number): string {
  return Buffer.from(`after:${sequence}`).toString("base64url");
}

function readToken(token: string): number {
  const match = /^after:(\d{1,15})$/.exec(Buffer.from(token, "base64url").toString());
  if (match === null) throw invalidRequest("The nextToken is not one that this list has given");
  return Number(match[1]);
}
