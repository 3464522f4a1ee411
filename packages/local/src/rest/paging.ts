import { LIST_PAGE_MAX } from "@fota/shared";
import { invalidRequest } from "../errors.js";
import type { Listed } from "../listing/key-lists.js";
import type { InOrder, Order } from "../listing/list-index.js";
import { inTurns, type Work } from "../turns.js";
import {
  type Members,
  optionalBoolean,
  optionalInteger,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
} from "./fields.js";

export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextToken?: string;
}

/** Candidates that are looked at in one part of the work for a page. */
const CANDIDATES_OF_A_PART = 100;

/**
 * Returns the page of a list that `maxResults` and `nextToken` of a request select. It reads the items of the page, and one
 * more. If it must look at many candidates for that, others have their turns meanwhile.
 * @param isUnwanted see `inTurns`
 * @throws {AwsError} InvalidRequest
 */
export function page<T extends Listed>(
  list: InOrder<T>,
  order: Order,
  members: Members,
  isUnwanted?: () => boolean,
): Page<T> | Promise<Page<T>> {
  return inTurns(fillPage(list, order, members), isUnwanted);
}

function* fillPage<T extends Listed>(list: InOrder<T>, order: Order, members: Members): Work<Page<T>> {
  const { maxResults, last } = readPaging(members);
  const shown: T[] = [];
  let others = 0;
  for (const candidate of list.candidates(last, order)) {
    if (!list.includes(candidate)) {
      others += 1;
      if (others % CANDIDATES_OF_A_PART === 0) yield;
      continue;
    }
    if (shown.length === maxResults)
      return { items: shown, nextToken: encodeToken(shown.at(-1)?.sequence ?? 0) };
    shown.push(candidate);
  }
  return { items: shown };
}

/** Returns a page of certificates or policies, which use `marker` and `pageSize`; newest first by default. */
export async function pageByMarker<T extends Listed>(
  operation: string,
  list: InOrder<T>,
  query: URLSearchParams,
): Promise<{ items: T[]; nextMarker: string | undefined }> {
  const members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["pageSize", "marker", "isAscendingOrder"]);
  const order = optionalBoolean(members, "isAscendingOrder") ? "oldestFirst" : "newestFirst";
  const paging = { maxResults: members["pageSize"], nextToken: members["marker"] };
  const { items, nextToken } = await page(list, order, paging);
  return { items, nextMarker: nextToken };
}

function readPaging(members: Members): { maxResults: number; last: number | undefined } {
  const maxResults = optionalInteger(members, "maxResults", { min: 1, max: LIST_PAGE_MAX }) ?? LIST_PAGE_MAX;
  const token = optionalString(members, "nextToken");
  return { maxResults, last: token === undefined ? undefined : decodeToken(token) };
}

function encodeToken(sequence: number): string {
  return Buffer.from(`after:${sequence}`).toString("base64url");
}

function decodeToken(token: string): number {
  const match = /^after:(\d{1,15})$/.exec(Buffer.from(token, "base64url").toString());
  if (match === null) throw invalidRequest("The nextToken is not valid for this list");
  return Number(match[1]);
}
