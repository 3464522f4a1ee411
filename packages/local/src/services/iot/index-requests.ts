import type { World } from "../../jobs/world.js";
import { type Members, optionalString, requiredString } from "../../rest/fields.js";
import { checkQueryVersion, requireIndex, THINGS_INDEX } from "../../search/indexing.js";

/** In characters. Source: AWS General Reference, "AWS IoT Device Management", fleet indexing. */
const QUERY = { max: 1000 };

/** Members of all requests with a query. */
export const SEARCH = ["indexName", "queryString", "queryVersion"];

/** Returns the query of a body, which is not parsed yet. @throws {AwsError} InvalidRequest */
export function readQueryString(body: Members): string {
  return requiredString(body, "queryString", QUERY);
}

/**
 * Returns the index that a request names, and checks that it is on, and the version of the query language.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function readIndex(world: Readonly<World>, body: Members): string {
  const indexName = optionalString(body, "indexName") ?? THINGS_INDEX;
  checkQueryVersion(optionalString(body, "queryVersion"));
  requireIndex(world, indexName);
  return indexName;
}
