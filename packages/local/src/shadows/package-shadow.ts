import { invalidNode } from "./errors.js";
import { isObject, type Json } from "./json.js";
import type { StatePatch } from "./request.js";

/** Name of the shadow that has the software packages of a thing: `{"<package>": {"version": ..., "attributes": {...}}}`. */
export const PACKAGE_SHADOW = "$package";

/**
 * Checks a change of the shadow `$package`. AWS refuses other members; it does not document whether it checks their types.
 * Source: AWS IoT Developer Guide, "Preparing to use Software Package Catalog".
 * @throws {AwsError} InvalidRequest
 */
export function checkPackageState(patch: StatePatch): void {
  for (const section of Object.values(patch ?? {})) {
    for (const [packageName, members] of Object.entries(section ?? {})) {
      if (members === null) continue;
      if (!isObject(members)) throw invalidNode(packageName);
      for (const [name, value] of Object.entries(members)) {
        if (!isAllowed(name, value)) throw invalidNode(name);
      }
    }
  }
}

function isAllowed(name: string, value: Json): boolean {
  if (name === "version") return value === null || typeof value === "string";
  return name === "attributes" && (value === null || isObject(value));
}
