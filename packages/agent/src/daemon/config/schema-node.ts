import * as v from "valibot";
import type { FieldNotes } from "../fields/field.js";

/** The members of valibot's schemas that have others inside, or that tell what a value is. */
export interface SchemaNode {
  type: string;
  wrapped?: SchemaNode;
  default?: unknown;
  entries?: Readonly<Record<string, SchemaNode>>;
  /** Of an array. */
  item?: SchemaNode;
  /** Of a record. */
  value?: SchemaNode;
  /** Of a variant, its objects; of a picklist, its texts. */
  options?: readonly (SchemaNode | string)[];
  literal?: unknown;
}

/** Returns the schema without what makes it optional. */
export function unwrapped(node: SchemaNode): SchemaNode {
  return node.wrapped === undefined ? node : unwrapped(node.wrapped);
}

/** Returns the objects of a variant, or the object itself; empty for any other schema. */
export function objectsOf(node: SchemaNode): SchemaNode[] {
  const inner = unwrapped(node);
  if (inner.entries !== undefined) return [inner];
  return (inner.options ?? []).filter(
    (option) => typeof option !== "string" && option.entries !== undefined,
  ) as SchemaNode[];
}

export function notesOf(node: SchemaNode): FieldNotes {
  return v.getMetadata(unwrapped(node) as never) as FieldNotes;
}

export function descriptionOf(node: SchemaNode): string | undefined {
  return v.getDescription(unwrapped(node) as never);
}
