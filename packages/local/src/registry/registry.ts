/**
 * Things, groups, types, certificates and policies, as plain data: Maps and Sets of records, no methods, no clocks.
 * Commands change it, queries read it, the journal brings it back after a restart.
 */
export interface Registry {
  region: string;
  /** The last number given out by `nextSequence`. */
  sequence: number;
  things: Map<string, Thing>;
  groups: Map<string, ThingGroup>;
  certificates: Map<string, Certificate>;
  policies: Map<string, Policy>;
  thingTypes: Map<string, ThingType>;
  /** Names of the groups that a query fills. */
  dynamicGroups: Set<string>;
  /** Kinds of events that are published on `$aws/events/...`; none at first. */
  eventConfigurations: Set<EventType>;
  /** When they were first and last set; absent: never. */
  eventConfigurationsSet?: { firstAtMs: number; lastAtMs: number };
  /**
   * Whether every connect and disconnect is recorded, as STATUS or the query of a dynamic group asks. Without it the
   * index answers from the live connections, which a restart ends anyway.
   */
  connectivityIndexed: boolean;
  /** OFF was asked for: connectivity is not indexed at all. */
  connectivityOff?: true;
  /**
   * By client id, which devices have in common with their thing: while it is recorded, whether each is connected; else
   * things that have connected at least once.
   */
  connectivity?: Map<string, Connectivity>;
}

export interface Connectivity {
  /** When the client came, or left. */
  sinceMs: number;
  /** Why it left; absent while it is connected. */
  disconnectReason?: string;
}

/** The kinds of events that the stand-in publishes when they are enabled. */
export type EventType = "JOB" | "JOB_EXECUTION";

export interface Thing {
  thingName: string;
  thingId: string;
  sequence: number;
  thingTypeName?: string;
  attributes: Record<string, string>;
  version: number;
  /** Names of the groups it was put into itself, and of the dynamic ones that found it. */
  groups: Set<string>;
  /** Ids of the certificates attached to it. */
  certificates: Set<string>;
}

export interface ThingGroup {
  thingGroupName: string;
  thingGroupId: string;
  sequence: number;
  description?: string;
  attributes: Record<string, string>;
  version: number;
  createdAtMs: number;
  parent?: string;
  children: Set<string>;
  /** Names of the things put into it itself; of a dynamic group those that its query finds. */
  things: Set<string>;
  /** A dynamic group has it. */
  queryString?: string;
  /** Absent: none. */
  tags?: Record<string, string>;
}

export interface ThingType {
  thingTypeName: string;
  thingTypeId: string;
  sequence: number;
  description?: string;
  searchableAttributes: string[];
  createdAtMs: number;
  deprecatedAtMs?: number;
  /** Absent: none. */
  tags?: Record<string, string>;
}

export interface Certificate {
  certificateId: string;
  sequence: number;
  certificatePem: string;
  status: "ACTIVE" | "INACTIVE" | "REVOKED";
  createdAtMs: number;
  lastUpdatedAtMs: number;
  /** How often it was changed, its making counted; absent: once. */
  customerVersion?: number;
  /** Names of the policies attached to it. */
  policies: Set<string>;
  /** Names of the things it is attached to. */
  things: Set<string>;
}

export interface Policy {
  policyName: string;
  sequence: number;
  createdAtMs: number;
  /** By version id, the oldest first; five at most. */
  versions: Map<string, PolicyVersion>;
  defaultVersionId: string;
  /** Number of the last version that was made; ids are not used again. */
  lastVersion: number;
  /** Absent: none. */
  tags?: Record<string, string>;
}

/** Never changed in place. */
export interface PolicyVersion {
  versionId: string;
  document: string;
  createdAtMs: number;
}
