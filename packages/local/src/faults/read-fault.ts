import { FotaError } from "@fota/shared";
import { filterFault } from "../topics.js";
import type { Fault, FaultKind, FaultOf } from "./fault.js";

/** All members of faults except the kind. */
type Member = { [K in FaultKind]: Exclude<keyof FaultOf<K>, "kind"> }[FaultKind];

/** What a member must be, for the error message, and the test for it. */
interface MemberRule {
  requirement: string;
  accepts: (value: unknown) => boolean;
}

const isNonEmptyString = (value: unknown): value is string => typeof value === "string" && value !== "";
const wholeNumber = (least: number): MemberRule => ({
  requirement: `be a whole number, ${least} or more`,
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= least,
});
const nonEmptyString: MemberRule = { requirement: "be a non-empty string", accepts: isNonEmptyString };
const oneOf = (...values: readonly unknown[]): MemberRule => ({
  requirement: `be one of ${values.join(", ")}`,
  accepts: (value) => values.includes(value),
});

const MEMBER_RULES: Readonly<Record<Member, MemberRule>> = {
  times: wholeNumber(1),
  bucket: nonEmptyString,
  key: nonEmptyString,
  method: oneOf("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"),
  status: oneOf(403, 500, 503),
  service: oneOf("s3", "iot", "iot-data", "iot-jobs-data", "iot-credentials"),
  path: nonEmptyString,
  atByte: wholeNumber(0),
  bytesPerSecond: wholeNumber(1),
  topic: {
    requirement: "be an MQTT topic filter, such as $aws/things/+/jobs/#",
    accepts: (value) => isNonEmptyString(value) && filterFault(value) === undefined,
  },
  direction: oneOf("fromClient", "toClient"),
  clientId: nonEmptyString,
  delayMs: wholeNumber(1),
};

const OBJECT_MEMBERS = { times: "optional", bucket: "optional", key: "optional" } as const;
const TRANSFER_MEMBERS = { ...OBJECT_MEMBERS, method: "optional" } as const;
const MESSAGE_MEMBERS = {
  times: "optional",
  topic: "required",
  direction: "optional",
  clientId: "optional",
} as const;

/** The members of each kind. */
const MEMBERS: {
  readonly [K in FaultKind]: Readonly<Record<Exclude<keyof FaultOf<K>, "kind">, "required" | "optional">>;
} = {
  expireUrl: OBJECT_MEMBERS,
  answerError: {
    ...OBJECT_MEMBERS,
    status: "required",
    service: "optional",
    method: "optional",
    path: "optional",
  },
  ignoreRange: OBJECT_MEMBERS,
  cutTransfer: { ...TRANSFER_MEMBERS, atByte: "required" },
  stallTransfer: { ...TRANSFER_MEMBERS, atByte: "required" },
  flipByte: { ...TRANSFER_MEMBERS, atByte: "required" },
  slowTransfer: { ...TRANSFER_MEMBERS, bytesPerSecond: "required" },
  dropMessage: MESSAGE_MEMBERS,
  delayMessage: { ...MESSAGE_MEMBERS, delayMs: "required" },
  doubleMessage: MESSAGE_MEMBERS,
  disconnectClient: MESSAGE_MEMBERS,
};

/**
 * Checks a fault that a test passed, and returns it without undefined members.
 *
 * @throws {FotaError} FAULT_INVALID
 */
export function readFault(value: unknown): Fault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("a fault must be an object with a kind");
  }
  const { kind, ...given } = value as Record<string, unknown>;
  if (!isKind(kind))
    throw invalid(`kind must be one of ${Object.keys(MEMBERS).join(", ")}; it is ${formatValue(kind)}`);
  const members = new Map(Object.entries(MEMBERS[kind]));
  for (const name of Object.keys(given)) {
    if (!members.has(name))
      throw invalid(`${kind} has no member ${name}, only ${[...members.keys()].join(", ")}`);
  }
  for (const [name, need] of members) {
    const rule = MEMBER_RULES[name as Member];
    if (given[name] === undefined && need === "optional") continue;
    if (!rule.accepts(given[name]))
      throw invalid(`${name} of ${kind} must ${rule.requirement}; it is ${formatValue(given[name])}`);
  }
  const fault = Object.fromEntries(
    Object.entries({ kind, ...given }).filter(([, each]) => each !== undefined),
  ) as unknown as Fault;
  checkCombination(fault);
  return fault;
}

/** Checks what depends on several members. */
function checkCombination(fault: Fault): void {
  if (fault.kind === "answerError") {
    const { service = "s3", bucket, key, path } = fault;
    if (service === "s3" && path !== undefined)
      throw invalid("path is for the iot services; use bucket and key for s3");
    if (service !== "s3" && (bucket ?? key) !== undefined)
      throw invalid(`bucket and key are for s3; use path for ${service}`);
  } else if ("method" in fault && fault.method !== "GET" && fault.method !== "PUT") {
    throw invalid(`method of ${fault.kind} must be one of GET, PUT; it is ${formatValue(fault.method)}`);
  }
}

function isKind(kind: unknown): kind is FaultKind {
  return typeof kind === "string" && Object.hasOwn(MEMBERS, kind);
}

function formatValue(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}

function invalid(message: string): FotaError {
  return new FotaError("FAULT_INVALID", message, {
    hint: "see docs/local.md for all kinds and their members",
  });
}
