import { deltaOf } from "../shadows/delta.js";
import { isObject, type Json, type JsonObject, member } from "../shadows/json.js";
import type { ShadowDocument } from "../shadows/shadow.js";
import type { Value } from "./values.js";

/** A field of one shadow, without the name of the shadow. */
export type ShadowField =
  | { part: "hasDelta" }
  | { part: "version" }
  | {
      part: "reported" | "desired" | "delta" | "metadata";
      /** Names joined by periods; empty for the whole part. */
      path: string;
    };

/** Parses what follows `shadow.` or `shadow.name.<name>.`; `undefined` if no shadow has such a field. */
export function parseShadowField(text: string): ShadowField | undefined {
  if (text === "hasDelta" || text === "version") return { part: text };
  const [, part, path = ""] = /^(reported|desired|delta|metadata)(?:\.(.+))?$/s.exec(text) ?? [];
  return part === undefined ? undefined : ({ part, path } as ShadowField);
}

/** Returns the values of a shadow's field. */
export function shadowValues(shadow: ShadowDocument, field: ShadowField): Value[] {
  if (field.part === "hasDelta") return [shadowDelta(shadow) !== undefined];
  if (field.part === "version") return [shadow.version];
  return field.path === "" ? [] : nodesAt(partOf(shadow, field.part), field.path).flatMap(simpleValues);
}

/** Returns whether a shadow has a value in the field, or below it. */
export function shadowHas(shadow: ShadowDocument, field: ShadowField): boolean {
  if (field.part === "hasDelta" || field.part === "version") return true;
  const part = partOf(shadow, field.part);
  const nodes = field.path === "" ? [part] : nodesAt(part, field.path);
  return nodes.some((node) => valuesBelow(node).length > 0);
}

/** Returns all values in the state of a shadow. */
export function stateValues({ state }: ShadowDocument): Value[] {
  return [...valuesBelow(state.reported ?? {}), ...valuesBelow(state.desired ?? {})];
}

/** Returns a shadow as SearchIndex shows it. */
export function searchableShadow(shadow: ShadowDocument) {
  const { state, metadata, version } = shadow;
  const { desired, reported } = state;
  const delta = shadowDelta(shadow);
  return { desired, reported, delta, metadata, hasDelta: delta !== undefined, version };
}

function shadowDelta({ state }: ShadowDocument): JsonObject | undefined {
  return deltaOf(state.desired ?? {}, state.reported ?? {});
}

function partOf(shadow: ShadowDocument, part: "reported" | "desired" | "delta" | "metadata"): JsonObject {
  if (part === "metadata") return shadow.metadata as JsonObject;
  return (part === "delta" ? shadowDelta(shadow) : shadow.state[part]) ?? {};
}

/** Returns what the path names: at AWS, `{"a": {"b": 1}}` and `{"a.b": 1}` both have the field `a.b`. */
function nodesAt(object: JsonObject, path: string): Json[] {
  const own = member(object, path);
  const nodes = own === undefined ? [] : [own];
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) {
    const inner = member(object, path.slice(0, dot));
    if (isObject(inner)) nodes.push(...nodesAt(inner, path.slice(dot + 1)));
  }
  return nodes;
}

/** Returns the value, or the values of a list. A list with objects or lists in it is not indexed, nor is null. */
function simpleValues(node: Json): Value[] {
  if (Array.isArray(node)) return node.every(isSimple) ? node : [];
  return isSimple(node) ? [node] : [];
}

function valuesBelow(node: Json): Value[] {
  return isObject(node) ? Object.values(node).flatMap(valuesBelow) : simpleValues(node);
}

function isSimple(node: Json): node is Value {
  return typeof node !== "object";
}
