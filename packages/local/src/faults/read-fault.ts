import { FotaError } from "@fota/shared";
import { filterFault } from "../topics.js";
import type { Fault, FaultKind, FaultOf } from "./fault.js";

/** All members that faults have, but the kind. */
type Member = { [K in FaultKind]: Exclude<keyof FaultOf<K>, "kind"> }[FaultKind];

/** What a member must be, in words, and whether a value is. */
interface Rule {
  must: string;
  holds: (value: unknown) => boolean;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const wholeNumber = (least: number): Rule => ({
  must: `be a whole number, ${least} or more`,
  holds: (value) => Number.isSafeInteger(value) && Number(value) >= least,
});
const text: Rule = { must: "be a text that is not empty", holds: isText };
const oneOf = (...values: readonly unknown[]): Rule => ({
  must: `be one of ${values.join(", ")}`,
  holds: (value) => values.includes(value),
});

const RULES: Readonly<Record<Member, Rule>> = {
  times: wholeNumber(1),
  bucket: text,
  key: text,
  method: oneOf("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"),
  status: oneOf(403, 500, 503),
  service: oneOf("s3", "iot", "iot-jobs-data"),
  path: text,
  atByte: wholeNumber(0),
  bytesPerSecond: wholeNumber(1),
  topic: {
    must: "be a topic filter of MQTT, such as $aws/things/+/jobs/#",
    holds: (value) => isText(value) && filterFault(value) === undefined,
  },
  direction: oneOf("fromClient", "toClient"),
  clientId: text,
  delayMs: wholeNumber(1),
};

const OF_OBJECT = { times: "may", bucket: "may", key: "may" } as const;
const OF_TRANSFER = { ...OF_OBJECT, method: "may" } as const;
const OF_MESSAGE = { times: "may", topic: "must", direction: "may", clientId: "may" } as const;

/** Which members each kind has. */
const MEMBERS: {
  readonly [K in FaultKind]: Readonly<Record<Exclude<keyof FaultOf<K>, "kind">, "must" | "may">>;
} = {
  expireUrl: OF_OBJECT,
  answerError: { ...OF_OBJECT, status: "must", service: "may", method: "may", path: "may" },
  ignoreRange: OF_OBJECT,
  cutTransfer: { ...OF_TRANSFER, atByte: "must" },
  stallTransfer: { ...OF_TRANSFER, atByte: "must" },
  flipByte: { ...OF_TRANSFER, atByte: "must" },
  slowTransfer: { ...OF_TRANSFER, bytesPerSecond: "must" },
  dropMessage: OF_MESSAGE,
  delayMessage: { ...OF_MESSAGE, delayMs: "must" },
  doubleMessage: OF_MESSAGE,
  disconnectClient: OF_MESSAGE,
};

/**
 * A fault that a test gave, held against what its kind takes.
 *
 * @throws {FotaError} FAULT_INVALID
 */
export function readFault(value: unknown): Fault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("a fault is an object with a kind");
  }
  const { kind, ...given } = value as Record<string, unknown>;
  if (!isKind(kind))
    throw invalid(`kind must be one of ${Object.keys(MEMBERS).join(", ")}; it is ${shown(kind)}`);
  const members = new Map(Object.entries(MEMBERS[kind]));
  for (const name of Object.keys(given)) {
    if (!members.has(name))
      throw invalid(`${kind} has no ${name}; it takes ${[...members.keys()].join(", ")}`);
  }
  for (const [name, need] of members) {
    const rule = RULES[name as Member];
    if (given[name] === undefined && need === "may") continue;
    if (!rule.holds(given[name]))
      throw invalid(`${name} of ${kind} must ${rule.must}; it is ${shown(given[name])}`);
  }
  const fault = Object.fromEntries(
    Object.entries({ kind, ...given }).filter(([, each]) => each !== undefined),
  ) as unknown as Fault;
  refuseContradictions(fault);
  return fault;
}

/** What no single member shows. */
function refuseContradictions(fault: Fault): void {
  if (fault.kind === "answerError") {
    const { service = "s3", bucket, key, path } = fault;
    if (service === "s3" && path !== undefined)
      throw invalid("path is of the iot services; s3 has bucket and key");
    if (service !== "s3" && (bucket ?? key) !== undefined)
      throw invalid(`${service} has no bucket and key, but path`);
  } else if ("method" in fault && fault.method !== "GET" && fault.method !== "PUT") {
    throw invalid(`method of ${fault.kind} must be one of GET, PUT; it is ${shown(fault.method)}`);
  }
}

function isKind(kind: unknown): kind is FaultKind {
  return typeof kind === "string" && Object.hasOwn(MEMBERS, kind);
}

function shown(value: unknown): string {
  return value === undefined ? "left out" : JSON.stringify(value);
}

function invalid(message: string): FotaError {
  return new FotaError("FAULT_INVALID", message, { hint: "docs/local.md has every kind with its members" });
}
