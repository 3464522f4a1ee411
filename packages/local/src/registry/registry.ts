/**
 * Things, groups, types, certificates and policies as plain data: Maps and Sets of records, without methods or clocks.
 * Commands change it, queries read it, and the journal restores it after a restart. What lists show is changed by the
 * functions in `listing/indexes.ts`, so that the lists follow: the Maps and Sets are ReadonlyMap and ReadonlySet for that.
 */
export interface Registry {
  region: string;
  /** The last number that `nextSequence` returned. */
  sequence: number;
  things: ReadonlyMap<string, Thing>;
  groups: ReadonlyMap<string, ThingGroup>;
  /** Absent until the first billing group. */
  billingGroups?: ReadonlyMap<string, BillingGroup>;
  certificates: ReadonlyMap<string, Certificate>;
  policies: ReadonlyMap<string, Policy>;
  thingTypes: ReadonlyMap<string, ThingType>;
  /** Names of the dynamic groups, whose members a query selects. */
  dynamicGroups: Set<string>;
  /** Names of the groups that are being deleted: ticks remove their members, and then them. Absent until the first. */
  groupDeletions?: Set<string>;
  /**
   * Dynamic groups whose members ticks still have to find, by name: the sequence number of the last thing that was compared
   * with the query. Absent until the first.
   */
  groupRefreshes?: Map<string, number>;
  /** Event types that are published on `$aws/events/...`; none by default. */
  eventConfigurations: Set<EventType>;
  /** When they were first and last set; absent if never. */
  eventConfigurationsSet?: { firstAtMs: number; lastAtMs: number };
  /**
   * Whether every connect and disconnect is recorded, because of indexing mode STATUS or the query of a dynamic group.
   * If not, the index uses the live connections, which a restart ends anyway.
   */
  connectivityIndexed: boolean;
  /** Indexing mode OFF was set: connectivity is not indexed. */
  connectivityOff?: true;
  /**
   * By client id, which is also the thing's name. While connectivity is recorded, it has the state of every client; else
   * it has the things that have connected at least once.
   */
  connectivity?: Map<string, Connectivity>;
  /** Absent until the first provisioning template or certificate over MQTT. */
  provisioning?: Provisioning;
  /** Registered CAs of others, by the id of their certificate. Absent until the first. */
  foreignCas?: ReadonlyMap<string, ForeignCa>;
  /** Absent until the first role alias. */
  roleAliases?: ReadonlyMap<string, RoleAlias>;
}

/** A CA that signs certificates of devices, other than the stand-in's own. */
export interface ForeignCa {
  /** Id of its certificate. */
  certificateId: string;
  sequence: number;
  certificatePem: string;
  status: "ACTIVE" | "INACTIVE";
  /** SNI_ONLY: it was registered without a proof that the owner has its key. */
  mode: "DEFAULT" | "SNI_ONLY";
  createdAtMs: number;
  lastUpdatedAtMs: number;
  /** Number of changes, including its registration. */
  customerVersion: number;
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

/** A role that devices get temporary credentials for. */
export interface RoleAlias {
  roleAlias: string;
  sequence: number;
  roleArn: string;
  credentialDurationSeconds: number;
  createdAtMs: number;
  lastModifiedAtMs: number;
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

/** The state of fleet provisioning. */
export interface Provisioning {
  templates: ReadonlyMap<string, ProvisioningTemplate>;
  /** Claims of CreateProvisioningClaim, by certificate id. */
  claims: Map<string, ProvisioningClaim>;
  /** By certificate ownership token. */
  ownerships: Map<string, CertificateOwnership>;
}

export interface ProvisioningTemplate {
  templateName: string;
  sequence: number;
  description?: string;
  enabled: boolean;
  provisioningRoleArn: string;
  createdAtMs: number;
  lastModifiedAtMs: number;
  /** By version id, oldest first; at most five. */
  versions: Map<number, ProvisioningTemplateVersion>;
  defaultVersionId: number;
  /** Number of the newest version; ids are never reused. */
  lastVersion: number;
  tags: Record<string, string>;
}

/** Never changed in place. */
export interface ProvisioningTemplateVersion {
  versionId: number;
  /** JSON text. */
  templateBody: string;
  createdAtMs: number;
}

/** A temporary certificate that may only provision things with one template. */
export interface ProvisioningClaim {
  certificateId: string;
  expiresAtMs: number;
  /** What the certificate may do. */
  policy: PolicyVersion;
}

/** The right to register a thing with a certificate that was created over MQTT. */
export interface CertificateOwnership {
  certificateId: string;
  expiresAtMs: number;
  /** Id of the certificate of the client that got the token; absent if the client had none. */
  clientCertificateId?: string;
}

export interface Connectivity {
  /** When the client connected or disconnected. */
  sinceMs: number;
  /** Why the client disconnected; absent while it is connected. */
  disconnectReason?: string;
}

/** The event types that the stand-in can publish. */
export type EventType = "JOB" | "JOB_EXECUTION";

export interface Thing {
  thingName: string;
  thingId: string;
  sequence: number;
  thingTypeName?: string;
  attributes: Record<string, string>;
  version: number;
  /** Names of the groups that directly contain it, static and dynamic. Replaced as a whole, see names.ts. */
  groups: ReadonlySet<string>;
  /** Absent if it is in no billing group. */
  billingGroupName?: string;
  /** Ids of the certificates attached to it. Replaced as a whole too. */
  certificates: ReadonlySet<string>;
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
  /** Names of the things that it directly contains; for a dynamic group, those that its query finds. */
  things: ReadonlySet<string>;
  /** Present only for a dynamic group. */
  queryString?: string;
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

export interface BillingGroup {
  billingGroupName: string;
  billingGroupId: string;
  sequence: number;
  description?: string;
  version: number;
  createdAtMs: number;
  /** Names of its things. */
  things: ReadonlySet<string>;
  /** Absent if it has none. */
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
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

export interface Certificate {
  certificateId: string;
  sequence: number;
  certificatePem: string;
  /** PENDING_ACTIVATION from its creation over MQTT until a provisioning template has set it. */
  status: "ACTIVE" | "INACTIVE" | "REVOKED" | "PENDING_ACTIVATION";
  createdAtMs: number;
  lastUpdatedAtMs: number;
  /** Number of changes, including its creation; absent means 1. */
  customerVersion?: number;
  /** Present only if another CA issued it, and it was registered without that CA, or with one of this mode. */
  mode?: "SNI_ONLY";
  /** Present only if it was registered with another CA. */
  caCertificateId?: string;
  /** Names of the policies attached to it. */
  policies: ReadonlySet<string>;
  /** Names of the things it is attached to. */
  things: ReadonlySet<string>;
}

export interface Policy {
  policyName: string;
  sequence: number;
  createdAtMs: number;
  /** By version id, oldest first; at most five. */
  versions: Map<string, PolicyVersion>;
  defaultVersionId: string;
  /** Number of the newest version; ids are never reused. */
  lastVersion: number;
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

/** Never changed in place. */
export interface PolicyVersion {
  versionId: string;
  document: string;
  createdAtMs: number;
}
