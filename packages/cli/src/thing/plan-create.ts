import { join } from "node:path";
import { FotaError, hintAnd, hintOf, isFotaError, shellWord } from "@fota/shared";
import { findCertificate } from "../aws/certificates.js";
import { DEVICE_POLICY_NAME } from "../aws/device-policy.js";
import { iotEndpoint } from "../aws/endpoints.js";
import type { Iot } from "../aws/iot.js";
import { groupsOf } from "../aws/memberships.js";
import { listPoliciesOf } from "../aws/policies.js";
import { listPrincipals } from "../aws/principals.js";
import { targetArn } from "../aws/target-arn.js";
import { findThing } from "../aws/things.js";
import { CERT_FILE, type IdentityFiles } from "./folder.js";
import type { Root } from "./roots.js";
import type { ThingSpec } from "./spec.js";

/** What `fota thing create` found before it changes anything. */
export interface CreatePlan {
  spec: ThingSpec;
  files: IdentityFiles;
  endpoint: string;
  root: Root;
  thingArn: string | undefined;
  /** Attributes whose values differ from those of the existing thing. */
  changedAttributes: Record<string, string>;
  isInGroup: boolean;
  /** ARN of the certificate in the folder. */
  certificateArn: string | undefined;
  isAttached: boolean;
  hasPolicy: boolean;
  warnings: string[];
}

/** @throws {FotaError} GROUP_NOT_FOUND, IDENTITY_INVALID, and translated AWS errors */
export async function planCreate(
  iot: Iot,
  spec: ThingSpec,
  { files, root }: { files: IdentityFiles; root: Root },
): Promise<CreatePlan> {
  const { thingName, group, attributes } = spec;
  if (group !== undefined)
    await targetArn(iot, { kind: "group", name: group }).catch(withGroupCommand(group));
  const [endpoint, thing, groups, principals, certificateArn] = await Promise.all([
    iotEndpoint(iot, "iot:Data-ATS"),
    findThing(iot, thingName),
    group === undefined ? [] : groupsOf(iot, thingName),
    listPrincipals(iot, thingName),
    findCertificateArn(iot, spec, files),
  ]);
  const policies = certificateArn === undefined ? [] : await listPoliciesOf(iot, certificateArn);
  const others = principals.filter((arn) => arn !== certificateArn);
  const changed = Object.entries(attributes).filter(([name, value]) => thing?.attributes[name] !== value);
  return {
    spec,
    files,
    endpoint,
    root,
    thingArn: thing?.arn,
    changedAttributes: thing === undefined ? {} : Object.fromEntries(changed),
    isInGroup: groups.some(({ name }) => name === group),
    certificateArn,
    isAttached: certificateArn !== undefined && principals.includes(certificateArn),
    hasPolicy: policies.includes(DEVICE_POLICY_NAME),
    warnings: warningsOf(thingName, endpoint, others, root),
  };
}

/** Returns a handler for `catch` that adds to the hint how to create the group: no command of fota creates an empty one. */
function withGroupCommand(group: string) {
  return (error: unknown): never => {
    if (!isFotaError(error, "GROUP_NOT_FOUND")) throw error;
    const { code, message, cause } = error;
    const hint = hintAnd(
      hintOf(error),
      `\`aws iot create-thing-group --thing-group-name ${shellWord(group)}\` creates it`,
    );
    throw new FotaError(code, message, { hint, cause });
  };
}

function warningsOf(thingName: string, endpoint: string, others: readonly string[], root: Root): string[] {
  const count = others.length === 1 ? "another certificate" : `${others.length} other certificates`;
  const isAws = /\.amazonaws\.com(\.cn)?$/.test(endpoint);
  return [
    ...(others.length > 0 ? [`thing ${thingName} has ${count}, which can connect too`] : []),
    ...(!isAws && root.file.startsWith("Amazon")
      ? [
          `${endpoint} is not an endpoint of AWS, so that Amazon's root CA may not verify it; is --local missing?`,
        ]
      : []),
  ];
}

const NEW_ONE = "use another folder for --out to get a new one";

/** Checks that AWS IoT accepts the certificate: it refuses a deleted one, and one of another account. */
async function findCertificateArn(
  iot: Iot,
  { dir }: ThingSpec,
  { certificate }: IdentityFiles,
): Promise<string | undefined> {
  if (certificate === undefined) return undefined;
  const path = join(dir, CERT_FILE);
  const found = await findCertificate(iot, certificate.id);
  if (found === undefined) {
    throw new FotaError("IDENTITY_INVALID", `${path} is not a certificate of this account and region`, {
      hint: `check --region, --profile and --local, or ${NEW_ONE}; a \`fota local\` without --dir forgets its certificates`,
    });
  }
  if (found.status === "ACTIVE") return found.arn;
  throw new FotaError("IDENTITY_INVALID", `the certificate in ${path} is ${found.status}`, {
    hint:
      found.status === "INACTIVE"
        ? `run \`aws iot update-certificate --certificate-id ${found.id} --new-status ACTIVE\` to activate it, or ${NEW_ONE}`
        : NEW_ONE,
  });
}
