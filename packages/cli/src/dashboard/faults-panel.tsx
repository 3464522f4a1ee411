import { Panel } from "../pages/panel.js";
import type { PanelNode, Part } from "./page-view.js";

/**
 * Shows why parts of a page are out of date; no panel if none is. Each fault is shown once.
 * @param throttled whether reads wait because AWS throttles requests
 */
export function faultsPanel(parts: readonly Part[], throttled: boolean): PanelNode[] {
  const faults = parts.flatMap(([name, { fault, readAt }]) =>
    fault === undefined ? [] : [{ name, fault, readAt }],
  );
  if (faults.length === 0) return throttled ? [throttledPanel()] : [];
  const distinct = [...new Map(faults.map(({ fault }) => [fault.message, fault])).values()];
  const ages = faults.map(
    ({ name, readAt }) => `${name}: ${readAt === undefined ? "not read yet" : `as of ${timeOfDay(readAt)}`}`,
  );
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
      <p class="dim">{ages.join("; ")}. The dashboard tries again by itself.</p>
    </section>
  );
  return [{ id: "faults", node }];
}

function throttledPanel(): PanelNode {
  const node = (
    <section id="faults" class="panel wide verdict warn" aria-labelledby="faults-h">
      <h2 id="faults-h">AWS throttles requests</h2>
      <p>The account makes more requests than AWS allows. The dashboard waits, and reads more slowly.</p>
    </section>
  );
  return { id: "faults", node };
}

interface LoadingProps {
  id: string;
  title: string;
  wide?: boolean;
  /** What is read, if that takes a while. */
  what?: string;
}

/** Shows that a panel is not read yet. */
export function Loading({ id, title, wide = false, what = "" }: LoadingProps) {
  return (
    <Panel id={id} title={title} wide={wide}>
      <p class="dim">Reading {what}from AWS...</p>
    </Panel>
  );
}

export function timeOfDay(time: Date): string {
  return `${time.toISOString().slice(11, 19)} UTC`;
}
