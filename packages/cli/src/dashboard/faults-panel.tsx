import { Panel } from "../pages/panel.js";
import type { PanelNode } from "./page-view.js";
import type { Reading } from "./source.js";

/** Shows why parts of a page are out of date; no panel if none is. Each fault is shown once. */
export function faultsPanel(
  parts: readonly (readonly [name: string, reading: Reading<unknown>])[],
): PanelNode[] {
  const faults = parts.flatMap(([name, { fault, readAt }]) =>
    fault === undefined ? [] : [{ name, fault, readAt }],
  );
  if (faults.length === 0) return [];
  const distinct = [...new Map(faults.map(({ fault }) => [fault.message, fault])).values()];
  const node = (
    <section id="faults" class="panel wide verdict bad" aria-labelledby="faults-h">
      <h2 id="faults-h">Parts of this page are not up to date</h2>
      {distinct.map(({ code, message, hint }) => (
        <p key={message}>
          {message} ({code})
          {hint === undefined ? null : (
            <>
              <br />
              <span class="dim">{hint}</span>
            </>
          )}
        </p>
      ))}
      <p class="dim">
        {faults
          .map(
            ({ name, readAt }) =>
              `${name}: ${readAt === undefined ? "not read yet" : `as of ${timeOfDay(readAt)}`}`,
          )
          .join("; ")}
        . The dashboard tries again by itself.
      </p>
    </section>
  );
  return [{ id: "faults", node }];
}

/** Shows that a panel is not read yet. */
export function Loading({ id, title, wide = false }: { id: string; title: string; wide?: boolean }) {
  return (
    <Panel id={id} title={title} wide={wide}>
      <p class="dim">Reading from AWS...</p>
    </Panel>
  );
}

export function timeOfDay(time: Date): string {
  return `${time.toISOString().slice(11, 19)} UTC`;
}
