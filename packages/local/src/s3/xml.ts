/** Reads and writes S3's XML. Never expands entities that a document defines. */
import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { malformedXml } from "./s3-errors.js";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** The content of an element; an array repeats the element, `undefined` omits it. */
type XmlContent = string | number | boolean | undefined | XmlElements | readonly XmlContent[];
export interface XmlElements {
  readonly [name: string]: XmlContent;
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@" });

/** Builds a document with one root element, in S3's namespace unless it is an error. */
export function buildXml(root: string, content: XmlElements): string {
  const namespace = root === "Error" ? {} : { "@xmlns": NAMESPACE };
  const text = builder.build({ [root]: { ...namespace, ...content } });
  // Like S3, writes control characters as references: a parser would read a bare CR as LF, and refuse the others.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const safe = text.replace(/[\0-\x08\x0b-\x1f]/g, (char) => `&#x${char.charCodeAt(0).toString(16)};`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${safe}`;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  processEntities: false,
  trimValues: false,
});

/** A parsed element: text, or children by name in their original order. */
export type XmlNode = string | { readonly [name: string]: readonly XmlNode[] };

/**
 * Parses a document and returns the content of its root element `root`.
 *
 * @throws {AwsError} MalformedXML, also for a document with a DOCTYPE
 */
export function parseXml(text: string, root: string): XmlNode {
  if (text.includes("<!DOCTYPE") || XMLValidator.validate(text) !== true) throw malformedXml();
  const document = parseDocument(text);
  if (typeof document !== "object" || document === null || !Object.hasOwn(document, root)) {
    throw malformedXml();
  }
  return toNode((document as Record<string, unknown>)[root]);
}

function parseDocument(text: string): unknown {
  try {
    return parser.parse(text);
  } catch {
    throw malformedXml(); // the parser refuses names such as __proto__ and constructor
  }
}

function toNode(parsed: unknown): XmlNode {
  if (typeof parsed !== "object" || parsed === null) return decodeEntities(String(parsed ?? ""));
  const children = Object.entries(parsed)
    .filter(([name]) => name !== "#text")
    .map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(toNode)] as const);
  return Object.fromEntries(children);
}

const NAMED = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
}

/** Returns the children called `name`. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return typeof node === "string" ? [] : (node[name] ?? []);
}

/** Returns the text of the first child called `name`; `undefined` if there is none. */
export function childText(node: XmlNode, name: string): string | undefined {
  const child = childrenOf(node, name)[0];
  return typeof child === "string" ? child : undefined;
}
