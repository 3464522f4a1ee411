import { DEVICE_POLICY_NAME, devicePolicy } from "../aws/device-policy.js";
import {
  IMAGES_POLICY_NAME,
  imagesPolicy,
  operatorPolicy,
  publisherPolicy,
  trustPolicy,
} from "./policies.js";

/** What a template is made for. */
export interface TemplateNames {
  bucket: string;
  /** Of the images' keys; may be empty. */
  prefix: string;
  /** Name of the role that AWS IoT presigns with; `undefined`: fota presigns. */
  role: string | undefined;
}

/** What all templates create; in the policies, marks stand for what only the account knows. */
export interface TemplateParts {
  bucket: string;
  role: { name: string; trust: object; policyName: string; policy: object } | undefined;
  publisher: { policyName: string; policy: object };
  operator: { policyName: string; policy: object };
  device: { policyName: string; policy: object };
}

/** Stands for the partition, region and account that a template is deployed to. */
export const MARKS = { partition: "<<partition>>", region: "<<region>>", account: "<<account>>" } as const;

/** After this, AWS deletes the parts of an upload that broke off and was never completed. */
export const ABORT_UPLOADS_AFTER_DAYS = 7;

const PUBLISHER_POLICY_NAME = "fota-publisher";
const OPERATOR_POLICY_NAME = "fota-operator";

/** Returns what a template creates, with the policies that fota's own commands use. */
export function templateParts({ bucket, prefix, role }: TemplateNames): TemplateParts {
  const scope = { ...MARKS, bucket, prefix };
  return {
    bucket,
    role:
      role === undefined
        ? undefined
        : {
            name: role,
            trust: trustPolicy(scope),
            policyName: IMAGES_POLICY_NAME,
            policy: imagesPolicy(scope),
          },
    publisher: { policyName: PUBLISHER_POLICY_NAME, policy: publisherPolicy(scope, role) },
    operator: { policyName: OPERATOR_POLICY_NAME, policy: operatorPolicy(scope) },
    device: {
      policyName: DEVICE_POLICY_NAME,
      policy: devicePolicy(`arn:${MARKS.partition}:iot:${MARKS.region}:${MARKS.account}`),
    },
  };
}

/**
 * Replaces the marks in a text. Variables of AWS IoT in it, such as `${iot:ClientId}`, begin with `variableStart` then,
 * so that the template leaves them alone.
 */
export function fillMarks(
  text: string,
  values: Readonly<Record<keyof typeof MARKS, string>>,
  variableStart: string,
): string {
  const names = Object.keys(MARKS) as (keyof typeof MARKS)[];
  return names.reduce(
    (filled, name) => filled.replaceAll(MARKS[name], () => values[name]),
    text.replaceAll("${", () => variableStart),
  );
}

/** Whether a text needs `fillMarks`. */
export function hasMarks(text: string): boolean {
  return Object.values(MARKS).some((mark) => text.includes(mark));
}
