import {
  invalidClientToken,
  invalidJson,
  invalidNode,
  invalidVersion,
  missingState,
  notAnObject,
  STATE_DEPTH_MAX,
  tooDeep,
  wrongEncoding,
} from "./errors.js";
import { isDeeperThan, isObject, type Json, type JsonObject, member } from "./json.js";

/** The changes that an update asks for; null clears a section, or both. */
export type StatePatch = { desired?: JsonObject | null; reported?: JsonObject | null } | null;

export interface UpdateRequest {
  state: StatePatch;
  version?: number;
  clientToken?: string;
}

const CLIENT_TOKEN_MAX_BYTES = 64;
const SECTIONS: Readonly<Record<string, string>> = { desired: "Desired", reported: "Reported" };

/** Parses a request to get or delete a shadow; an empty payload counts as `{}`. @throws {AwsError} */
export function parseRequest(payload: Uint8Array): { clientToken?: string } {
  return payload.length === 0 ? {} : readClientToken(parseObject(payload));
}

/** Parses an update. As at AWS, members beside `state`, `version` and `clientToken` are ignored. @throws {AwsError} */
export function parseUpdate(payload: Uint8Array): UpdateRequest {
  const request = parseObject(payload);
  const token = readClientToken(request);
  const state = readState(member(request, "state"));
  const version = member(request, "version") ?? undefined;
  if (version === undefined) return { state, ...token };
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 0) throw invalidVersion();
  return { state, version, ...token };
}

/** Returns the client token of a payload that may be invalid in other ways, so that its answer can have it. */
export function clientTokenOf(payload: Uint8Array): { clientToken?: string } {
  try {
    return parseRequest(payload);
  } catch {
    return {};
  }
}

function parseObject(payload: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    throw wrongEncoding();
  }
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidJson();
  }
  if (!isObject(value)) throw invalidJson();
  return value;
}

function readClientToken(request: JsonObject): { clientToken?: string } {
  const clientToken = member(request, "clientToken") ?? undefined;
  if (clientToken === undefined) return {};
  if (typeof clientToken !== "string" || Buffer.byteLength(clientToken) > CLIENT_TOKEN_MAX_BYTES) {
    throw invalidClientToken();
  }
  return { clientToken };
}

function readState(state: Json | undefined): StatePatch {
  if (state === undefined) throw missingState();
  if (state === null) return null;
  if (!isObject(state)) throw notAnObject("State");
  for (const [name, value] of Object.entries(state)) {
    const node = Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined;
    if (node === undefined) throw invalidNode(name);
    if (value === null) continue;
    if (!isObject(value)) throw notAnObject(node);
    if (isDeeperThan(value, 1 + STATE_DEPTH_MAX)) throw tooDeep();
    checkValues(value, name);
  }
  return state;
}

/**
 * Refuses null in a list, by AWS IoT Developer Guide, "Array values in shadow documents", and a number that is too large:
 * JavaScript reads `1e400` as Infinity, and writes that as null.
 */
function checkValues(value: Json, name: string): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw invalidJson();
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const innerName = Array.isArray(value) ? name : key;
    if (inner === null && Array.isArray(value)) throw invalidNode(name);
    checkValues(inner, innerName);
  }
}
