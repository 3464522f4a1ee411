import type { VNode } from "preact";
import type { Reading, Source } from "./source.js";

/** One page: what it reads, and what it shows of the latest readings. */
export interface PageView {
  /** Heads the page; does not change. */
  heading: string;
  /** A class of the main part that places the panels; without it, they follow each other. */
  layout?: "job";
  sources: readonly Source<unknown>[];
  /** Registers further reasons to render again. Returns the function that ends it. */
  watch?(onChange: () => void): () => void;
  /** Renders what is known at the moment; parts that are not read yet say so. */
  render(now: Date): PageContent;
}

/** A part of a page and how far it was read. */
export type Part = readonly [name: string, reading: Reading<unknown>];

export interface PageContent {
  /** Shown in the tab of the browser: the state first, because tabs are narrow. */
  title: string;
  /** The HTTP status of the page. */
  status: number;
  panels: readonly PanelNode[];
  /** What the panels show, to say which parts are not up to date. */
  parts: readonly Part[];
}

/** A panel, which renders alone: the `id` is that of its element. */
export interface PanelNode {
  id: string;
  node: VNode;
}
