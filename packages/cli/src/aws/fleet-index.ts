import {
  GetBucketsAggregationCommand,
  GetIndexingConfigurationCommand,
  GetStatisticsCommand,
  SearchIndexCommand,
  type ThingDocument,
  type ThingIndexingConfiguration,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { FotaError } from "@fota/shared";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";

/** Says what the fleet index of the account has. */
export interface Indexing {
  /** The registry is indexed, so that there is an index at all. */
  registry: boolean;
  connectivity: boolean;
  /** Names of the indexed named shadows. */
  shadows: ReadonlySet<string>;
}

/** Holds a thing as the index has it. */
export interface IndexedThing {
  thingName: string;
  groups: string[];
  /** `undefined` if connectivity is not indexed. */
  connected: boolean | undefined;
  /** The last connect or disconnect. */
  connectionChangedAt: Date | undefined;
  /** Returns the reported state of a named shadow, as it was parsed. */
  reported(shadowName: string): unknown;
  /** Returns when that state was last reported. */
  reportedAt(shadowName: string): Date | undefined;
}

/** AWS IoT returns at most this many things in one answer. */
const PAGE_MAX = 100;
/** API model iot 2015-05-28, TermsAggregation: the most buckets. */
const BUCKETS_MAX = 10_000;
/** AWS IoT Developer Guide, "Query syntax": the most terms in a query. */
export const QUERY_TERMS_MAX = 12;

export async function readIndexing(iot: Iot): Promise<Indexing> {
  const things = await readThingIndexing(iot);
  const hasShadows = things?.namedShadowIndexingMode === "ON";
  return {
    registry: things !== undefined && things.thingIndexingMode !== "OFF",
    connectivity: things?.thingConnectivityIndexingMode === "STATUS",
    shadows: new Set(hasShadows ? (things?.filter?.namedShadowNames ?? []) : []),
  };
}

/** Returns the configuration of the index of things as AWS IoT has it. */
export async function readThingIndexing({
  client,
  call,
}: Iot): Promise<ThingIndexingConfiguration | undefined> {
  const doing = "read the configuration of fleet indexing";
  return await call({ doing, action: "iot:GetIndexingConfiguration" }, async (options) => {
    const found = await client.send(new GetIndexingConfigurationCommand({}), options);
    return found.thingIndexingConfiguration;
  });
}

/** Replaces the configuration of the index of things; that of thing groups stays. */
export async function updateThingIndexing(
  { client, call }: Iot,
  thingIndexingConfiguration: ThingIndexingConfiguration,
): Promise<void> {
  const doing = "change the configuration of fleet indexing";
  await call({ doing, action: "iot:UpdateIndexingConfiguration" }, (options) =>
    client.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }), options),
  );
}

/** Pages through the things that a query finds. @throws {FotaError} QUERY_INVALID, INDEX_OFF */
export async function* searchThings(
  { client, call }: Iot,
  queryString: string,
  maxResults = PAGE_MAX,
): AsyncGenerator<IndexedThing> {
  const pages = pagesOf((nextToken) => {
    const command = new SearchIndexCommand({ queryString, maxResults, nextToken });
    return call(
      { doing: "search the fleet index", action: "iot:SearchIndex on index/AWS_Things" },
      (options) => client.send(command, options).catch(indexError(queryString)),
    );
  });
  for await (const { things = [] } of pages) yield* things.map(indexedThing);
}

/** Counts the things that a query finds. @throws {FotaError} QUERY_INVALID, INDEX_OFF */
export async function countThings({ client, call }: Iot, queryString: string): Promise<number> {
  const action = "iot:GetStatistics on index/AWS_Things";
  return await call({ doing: "count things in the fleet index", action }, async (options) => {
    // The field that is counted is the version in the registry, which every thing has.
    const { statistics } = await client
      .send(new GetStatisticsCommand({ queryString }), options)
      .catch(indexError(queryString));
    return statistics?.count ?? 0;
  });
}

/**
 * Counts the values of a field in the things that a query finds, by value. Returns `undefined` if the index cannot
 * aggregate the field: AWS IoT aggregates only managed fields and custom fields of its configuration.
 * @throws {FotaError} QUERY_INVALID, INDEX_OFF
 */
export async function countValues(
  { client, call }: Iot,
  queryString: string,
  aggregationField: string,
): Promise<ReadonlyMap<string, number> | undefined> {
  const action = "iot:GetBucketsAggregation on index/AWS_Things";
  return await call({ doing: `count the values of ${aggregationField}`, action }, async (options) => {
    const termsAggregation = { maxBuckets: BUCKETS_MAX };
    const bucketsAggregationType = { termsAggregation };
    const command = new GetBucketsAggregationCommand({
      queryString,
      aggregationField,
      bucketsAggregationType,
    });
    try {
      const { buckets = [] } = await client.send(command, options);
      return new Map(buckets.map(({ keyValue = "", count = 0 }) => [keyValue, count]));
    } catch (error) {
      if (CANNOT_AGGREGATE.has(nameOf(error))) return undefined;
      return indexError(queryString)(error);
    }
  });
}

const CANNOT_AGGREGATE: ReadonlySet<string> = new Set([
  "InvalidAggregationException",
  "InvalidRequestException",
  "NotImplementedException",
]);

/** Quotes a value for a query. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** Tells whether a query can look for a value: AWS IoT has no escape for some characters. */
export function isSearchable(value: string): boolean {
  return !/[`@#%\\/';,"\p{C}]/u.test(value);
}

/** Returns a handler for `catch` that explains an error of the index. */
export function indexError(queryString: string): (error: unknown) => never {
  return (error) => {
    const name = nameOf(error);
    if (name === "InvalidQueryException") throw queryInvalid(queryString, error);
    if (name === "IndexNotReadyException" || name === "ResourceNotFoundException") throw indexOff(error);
    throw error;
  };
}

function queryInvalid(queryString: string, cause: unknown): FotaError {
  const why = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
  return new FotaError("QUERY_INVALID", `${JSON.stringify(queryString)} is not a valid query${why}`, {
    hint: 'write terms such as attributes.model:m1 or shadow.name.fota.reported.version:"1.4.0", joined by AND, OR and NOT',
    cause,
  });
}

/** Returns the error for an account whose things are not indexed. */
function indexOff(cause?: unknown): FotaError {
  return new FotaError("INDEX_OFF", "the things of this account are not indexed, or not yet", {
    hint: {
      text: "run <command> to turn fleet indexing on; it then takes some minutes",
      command: ["fleet", "--index"],
    },
    cause,
  });
}

function indexedThing({
  thingName = "",
  thingGroupNames = [],
  connectivity,
  shadow,
}: ThingDocument): IndexedThing {
  let parsed: unknown;
  const shadowNamed = (name: string) => {
    parsed ??= parse(shadow);
    return property(property(parsed, "name"), name);
  };
  const changedMs = connectivity?.timestamp;
  return {
    thingName,
    groups: thingGroupNames,
    connected: connectivity?.connected,
    // A thing that never connected has no time, or 0.
    connectionChangedAt: changedMs === undefined || changedMs === 0 ? undefined : new Date(changedMs),
    reported: (name) => property(shadowNamed(name), "reported"),
    reportedAt: (name) => {
      const metadata = property(property(shadowNamed(name), "metadata"), "reported");
      const seconds = newestTimestamp(metadata);
      return seconds === undefined ? undefined : new Date(seconds * 1000);
    },
  };
}

/** Returns the newest `timestamp` below a value of a shadow's metadata, in seconds since 1970. */
function newestTimestamp(metadata: unknown): number | undefined {
  if (typeof metadata !== "object" || metadata === null) return undefined;
  let newest: number | undefined;
  for (const [key, value] of Object.entries(metadata)) {
    const found = key === "timestamp" && typeof value === "number" ? value : newestTimestamp(value);
    if (found !== undefined && (newest === undefined || found > newest)) newest = found;
  }
  return newest;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
