import type { FotaError } from "@fota/shared";
import type { PageView, PanelNode } from "./page-view.js";

/** Shows that what the address names does not exist. */
export function notFoundPanel({ message, hint }: Pick<FotaError, "message" | "hint">): PanelNode {
  const node = (
    <section id="not-found" class="panel wide verdict warn" aria-labelledby="not-found-h">
      <h2 id="not-found-h">{message}</h2>
      {hint === undefined ? null : <p>{hint}</p>}
      <p>
        <a href="/">Show all jobs and the fleet</a>
      </p>
    </section>
  );
  return { id: "not-found", node };
}

/** The page for an address that names nothing. */
export function notFoundView(message: string): PageView {
  return {
    heading: "Not found",
    sources: [],
    render: () => ({
      title: "Not found - fota",
      status: 404,
      panels: [notFoundPanel({ message, hint: undefined })],
      parts: [],
    }),
  };
}
