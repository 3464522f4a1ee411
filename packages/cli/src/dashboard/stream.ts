import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";

/** One part of a page that is replaced as a whole when it changes. */
export interface Panel {
  /** The `id` of its element. */
  id: string;
  html: string;
}

/** Sends the changed panels of one page to one browser, as server-sent events. */
export interface PanelStream {
  /** Sends the panels that differ from those sent before. Does nothing after the end. */
  send(title: string, panels: readonly Panel[]): void;
  /** Ends the stream. `reason` is shown on the page. */
  end(reason?: string): void;
}

const HEARTBEAT_MS = 15_000;
/** A browser that reads slower than the page changes is disconnected at this backlog; it then connects again. */
const BACKLOG_MAX_BYTES = 4_000_000;
/** The pause before a browser connects again. */
const RETRY_MS = 2_000;

/**
 * Begins a stream on a response whose headers were not sent yet.
 * @param known the state that the page has already: the id of the last event, or of the page itself
 * @param onEnd called once when the stream ends, for whatever reason
 */
export function openPanelStream(
  response: ServerResponse,
  {
    headers,
    known,
    onEnd,
  }: { headers: Record<string, string>; known: string | undefined; onEnd: () => void },
): PanelStream {
  let state = known;
  let sent = new Map<string, string>();
  let isOpen = true;
  const write = (text: string) => {
    if (!isOpen) return;
    response.write(text);
    if (response.writableLength > BACKLOG_MAX_BYTES) response.destroy();
  };
  const heartbeat = setInterval(() => write(": still here\n\n"), HEARTBEAT_MS);
  response.once("close", () => {
    isOpen = false;
    clearInterval(heartbeat);
    onEnd();
  });
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
  write(`retry: ${RETRY_MS}\n\n`);
  return {
    send(title, panels) {
      const hashes = new Map(panels.map(({ id, html }) => [id, hashOf(html)]));
      const id = stateOf(panels);
      if (id === state) {
        sent = hashes; // the page has them already
        return;
      }
      const changed = panels.filter((panel) => sent.get(panel.id) !== hashes.get(panel.id));
      const order = panels.map((panel) => panel.id);
      write(event("panels", { title, order, changed }, id));
      state = id;
      sent = hashes;
    },
    end(reason) {
      if (!isOpen) return;
      if (reason !== undefined) write(event("stopped", { reason }));
      response.end();
    },
  };
}

/** Identifies what a page shows: two pages with the same state have the same panels. */
export function stateOf(panels: readonly Panel[]): string {
  return hashOf(panels.map(({ id, html }) => `${id} ${hashOf(html)}`).join("\n"));
}

function event(name: string, data: unknown, id?: string): string {
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
