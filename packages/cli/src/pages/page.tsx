import { createHash } from "node:crypto";
import type { ComponentChild, VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { Textures } from "./drawing.js";
import { escapeHtml, withoutUnsafe } from "./escape.js";
import { STYLE } from "./style.js";

/** Text never matches these: its `<` is escaped. */
const OPTIONAL_END_TAGS = /<\/(?:td|th|tr|thead|tbody|li|dt|dd|option)>/g;

const EMPTY_SHAPES = /(<(rect|path|line|circle)\b[^>]*)><\/\2>/g;

interface PageProps {
  /** Shown in the tab of the browser. */
  title: string;
  body: ComponentChild;
  /** Scripts of the page, as text. They run after the body is there. */
  scripts: readonly string[];
  /** Directives of the Content Security Policy that the page has or replaces, such as `{ "connect-src": "'self'" }`. */
  csp?: Readonly<Record<string, string>>;
}

/**
 * Renders a whole page. It needs no network: style and scripts are inside, and its Content Security Policy permits
 * nothing else. Text in components never becomes markup.
 */
export function renderPage({ title, body, scripts, csp = {} }: PageProps): string {
  const policy = contentSecurityPolicy(scripts, csp);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="generator" content="fota">',
    `<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,"><title>${withoutUnsafe(escapeHtml(title))}</title>`,
    `<style>${STYLE}</style></head><body>`,
    renderPart(
      <>
        <Textures />
        {body}
      </>,
    ),
    ...scripts.map((script) => `<script>${script}</script>`),
    "</body></html>\n",
  ].join("");
}

/** Renders a part of a page, which replaces an element of it. Leaves out the end tags that an HTML parser does not need. */
export function renderPart(part: VNode): string {
  return withoutUnsafe(renderToString(part)).replace(OPTIONAL_END_TAGS, "").replace(EMPTY_SHAPES, "$1/>");
}

/** Returns a function as the text of a script that calls it. The function must not refer to anything outside. */
export function scriptOf(run: () => void): string {
  return `(${run})()`;
}

/** Returns the Content Security Policy of a page with the style of all pages and these scripts. */
export function contentSecurityPolicy(
  scripts: readonly string[],
  more: Readonly<Record<string, string>> = {},
): string {
  const directives = {
    "default-src": "'none'",
    "style-src": hashOf(STYLE),
    "script-src": scripts.length === 0 ? "'none'" : scripts.map(hashOf).join(" "),
    "img-src": "data:", // the empty icon, without which a browser asks the server for one
    "base-uri": "'none'",
    "form-action": "'none'",
    ...more,
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
