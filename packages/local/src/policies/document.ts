import { AwsError } from "../errors.js";

/**
 * A parsed AWS IoT Core policy, with the parts of the language that the stand-in supports; `parsePolicy` refuses
 * others.
 */
export interface Policy {
  statements: Statement[];
}

export interface Statement {
  effect: "Allow" | "Deny";
  /** In lower case; may contain wildcards. */
  actions: string[];
  /** May contain wildcards and variables. */
  resources: string[];
  conditions: Condition[];
}

export interface Condition {
  operator: Operator;
  /** For a key with several values: whether any or all of them must match. */
  quantifier?: "any" | "all";
  key: string;
  /** May contain variables; for Like also wildcards. */
  values: string[];
}

const OPERATORS = [
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
  "Bool",
] as const;
export type Operator = (typeof OPERATORS)[number];

/** Condition keys and variables. Source: AWS IoT Developer Guide, "AWS IoT Core policy variables". */
const KEYS = [
  /^iot:ClientId$/,
  /^iot:CertificateId$/,
  /^iot:ConnectAttributes$/,
  /^iot:Connection\.Thing\.(ThingName|ThingTypeName|IsAttached|Attributes\[.+\])$/,
  /^iot:Certificate\.(Subject|Issuer)\.(Country|Organization|OrganizationalUnit|DistinguishedNameQualifier|State|CommonName|SerialNumber)$/,
  /^iot:Certificate\.SerialNumber$/,
  /^aws:SourceIp$/,
];

/** Matches `${key}`, or an escaped special character: `${*}`, `${?}`, `${$}`. */
export const VARIABLE = /\$\{([^}]*)\}/g;

/**
 * @throws {AwsError} MalformedPolicy when the text is not a policy, or uses a part of the language that is not
 * supported
 */
export function parsePolicy(document: string): Policy {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    throw malformed("it is not JSON");
  }
  const members = readObject(policy, "the policy", ["Version", "Id", "Statement"]);
  if (members["Version"] !== "2012-10-17") throw malformed('its Version must be "2012-10-17"');
  return { statements: readList(members["Statement"], "Statement").map(parseStatement) };
}

function parseStatement(value: unknown): Statement {
  const members = readObject(value, "a statement", ["Sid", "Effect", "Action", "Resource", "Condition"]);
  const effect = members["Effect"];
  if (effect !== "Allow" && effect !== "Deny") throw malformed("Effect must be Allow or Deny");
  const resources = readStrings(members["Resource"], "Resource");
  for (const resource of resources) {
    if (resource !== "*" && !resource.startsWith("arn:")) throw malformed(`${resource} is not an ARN`);
    checkVariables(resource);
  }
  const condition = members["Condition"] ?? {};
  return {
    effect,
    actions: readStrings(members["Action"], "Action").map((action) => action.toLowerCase()),
    resources,
    conditions: Object.entries(readObject(condition, "Condition")).flatMap(([operator, keys]) =>
      Object.entries(readObject(keys, operator)).map(([key, values]) =>
        parseCondition(operator, key, values),
      ),
    ),
  };
}

function parseCondition(text: string, key: string, values: unknown): Condition {
  const [, set, name] = /^(?:(ForAnyValue|ForAllValues):)?(.*)$/.exec(text) ?? [];
  const operator = OPERATORS.find((each) => each === name);
  if (operator === undefined) throw malformed(`fota local does not support the condition ${text}`);
  checkKey(key);
  const list = readList(values, key).map((value) => (typeof value === "boolean" ? String(value) : value));
  const texts = readStrings(list, key);
  for (const value of texts) checkVariables(value);
  return {
    operator,
    key,
    values: texts,
    ...(set !== undefined && { quantifier: set === "ForAnyValue" ? "any" : "all" }),
  };
}

function checkVariables(text: string): void {
  for (const [, name = ""] of text.matchAll(VARIABLE)) if (!["*", "?", "$"].includes(name)) checkKey(name);
}

function checkKey(key: string): void {
  if (!KEYS.some((known) => known.test(key))) throw malformed(`fota local does not support ${key}`);
}

function readObject(value: unknown, what: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`${what} must be a JSON object`);
  }
  const unknown = Object.keys(value).find((name) => known !== undefined && !known.includes(name));
  if (unknown !== undefined) throw malformed(`fota local does not support ${unknown}`);
  return value as Record<string, unknown>;
}

function readStrings(value: unknown, what: string): string[] {
  return readList(value, what).map((item) => {
    if (typeof item !== "string") throw malformed(`${what} must be a string`);
    return item;
  });
}

/** Returns the list; a single value needs no brackets. */
function readList(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) throw malformed(`${what} is missing`);
  return Array.isArray(value) ? value : [value];
}

function malformed(fault: string): AwsError {
  return new AwsError("MalformedPolicyException", 400, `The policy document is not valid: ${fault}`);
}
