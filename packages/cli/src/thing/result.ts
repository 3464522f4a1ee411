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
    "group, attachment, policy: that the thing is in it, that the certificate is attached to the thing, and to it",
  ),
  name: described(v.string(), "name, id or path"),
  state: described(
    v.picklist(["created", "updated", "kept", "planned"]),
    "kept: it was there; planned: --dry-run did not create it",
  ),
});
export type CreationStep = v.InferOutput<typeof stepSchema>;

/** What `fota thing create --json` prints. */
export const thingCreationSchema = v.strictObject({
  thingName: v.string(),
  thingArn: described(v.nullable(v.string()), "null if --dry-run did not create it"),
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
