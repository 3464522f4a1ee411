import * as v from "valibot";
import { described } from "../described.js";

const stepSchema = v.strictObject({
  what: described(
    v.picklist([
      "key",
      "thing",
      "attributes",
      "group",
      "certificate",
      "attachment",
      "policy",
      "ca",
      "config",
    ]),
    "group: the thing is in it; attachment: certificate to thing; policy: policy to certificate",
  ),
  name: described(v.string(), "name, id or path"),
  state: described(
    v.picklist(["created", "updated", "kept", "planned"]),
    "kept: it existed already; planned: with --dry-run",
  ),
});
export type CreationStep = v.InferOutput<typeof stepSchema>;

/** What `fota thing create --json` prints. */
export const thingCreationSchema = v.strictObject({
  thingName: v.string(),
  thingArn: described(v.nullable(v.string()), "null with --dry-run if it does not exist yet"),
  certificateId: v.nullable(v.string()),
  certificateArn: v.nullable(v.string()),
  expiresAt: v.optional(described(v.string(), "when the certificate expires")),
  policy: described(v.string(), "name of the AWS IoT policy of all devices"),
  group: v.optional(v.string()),
  endpoint: described(v.string(), "host[:port] that the device connects to"),
  dir: v.string(),
  files: described(
    v.strictObject({
      cert: v.string(),
      key: v.optional(v.string()),
      ca: v.string(),
      config: v.optional(v.string()),
    }),
    "paths; key and config are missing with --csr",
  ),
  steps: v.array(stepSchema),
  dryRun: v.boolean(),
});
export type ThingCreation = v.InferOutput<typeof thingCreationSchema>;

const pendingJobSchema = v.strictObject({ jobId: v.string(), status: v.string() });

/** What `fota thing show --json` prints. */
export const shownThingSchema = v.strictObject({
  thingName: v.string(),
  thingArn: v.string(),
  type: v.optional(v.string()),
  attributes: v.record(v.string(), v.string()),
  groups: v.array(v.string()),
  certificates: v.array(
    v.strictObject({
      id: v.string(),
      arn: v.string(),
      status: v.string(),
      expiresAt: v.optional(v.string()),
      policies: v.array(v.string()),
    }),
  ),
  otherPrincipals: described(v.array(v.string()), "ARNs of its other identities"),
  connectivity: v.optional(
    described(
      v.strictObject({
        connected: v.boolean(),
        since: v.optional(v.string()),
        disconnectReason: v.optional(v.string()),
      }),
      "missing if AWS IoT does not index connectivity, or if it may not be read",
    ),
  ),
  pendingJobs: v.array(pendingJobSchema),
  firmware: v.optional(
    described(
      v.strictObject({ running: v.string(), jobId: v.string(), reportedAt: v.optional(v.string()) }),
      "last reported firmware; missing if its newest jobs have no report of it",
    ),
  ),
});
export type ShownThing = v.InferOutput<typeof shownThingSchema>;

const fateEntries = {
  deleted: v.boolean(),
  because: v.optional(described(v.string(), "why it was kept, for people")),
};

/** What `fota thing delete --json` prints. */
export const thingDeletionSchema = v.strictObject({
  thingName: v.string(),
  pendingJobs: described(v.array(v.string()), "ids of jobs that --force removed it from"),
  certificates: v.array(v.strictObject({ id: v.string(), ...fateEntries })),
  policies: v.array(v.strictObject({ name: v.string(), ...fateEntries })),
  otherPrincipals: described(v.array(v.string()), "ARNs of other identities that were detached"),
});
export type ThingDeletion = v.InferOutput<typeof thingDeletionSchema>;
