import type { ComponentChildren } from "preact";
import { Area } from "./drawing.js";
import type { Look, Tone } from "./look.js";
import { coordinate } from "./numbers.js";

interface PanelProps {
  /** Stable: a live page replaces the element with this id when its content changes. */
  id: string;
  title: string;
  /** Takes the whole width of the page; without it, wide screens show two panels side by side. */
  wide?: boolean;
  children: ComponentChildren;
}

/** Shows one part of a page below its own heading. Renders alone. */
export function Panel({ id, title, wide = false, children }: PanelProps) {
  return (
    <section id={id} class={wide ? "panel wide" : "panel"} aria-labelledby={`${id}-h`}>
      <h2 id={`${id}-h`}>{title}</h2>
      {children}
    </section>
  );
}

/** Answers the question of a panel in a sentence, before its details. */
export function Lead({ tone, children }: { tone?: Tone | undefined; children: ComponentChildren }) {
  return <p class={tone === undefined ? "lead" : `lead ${tone}`}>{children}</p>;
}

interface CommandsProps {
  /** Holds command lines with what each does; `null` where no command helps. */
  steps: readonly { command: string | null; why: string }[];
}

/** Lists commands to type next. A click selects a whole command. */
export function Commands({ steps }: CommandsProps) {
  return (
    <ul class="commands">
      {steps.map(({ command, why }) => (
        <li key={`${command} ${why}`}>
          {command === null ? null : <code>{command}</code>}
          <span>{why}</span>
        </li>
      ))}
    </ul>
  );
}

interface FactsProps {
  rows: readonly (readonly [label: string, value: ComponentChildren])[];
}

/** Lists facts as labels and values. */
export function Facts({ rows }: FactsProps) {
  return (
    <dl>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface NumbersProps {
  /** A row without a value is left out. */
  rows: readonly (readonly [label: string, value: string | undefined])[];
}

/** Shows the few numbers that matter most, large. */
export function Numbers({ rows }: NumbersProps) {
  return (
    <dl class="numbers">
      {rows.map(([label, value]) =>
        value === undefined ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Draws a share of a total as a thin bar, for numbers that stand beside it. */
export function Share({ part, total, look }: { part: number; total: number; look: Look }) {
  return (
    <svg width="100%" height="8" aria-hidden="true">
      <rect class="track" width="100%" height="8" />
      <Area width={`${coordinate((part / total) * 100)}%`} height={8} look={look} />
    </svg>
  );
}

/** Shows a word in the color of its meaning. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
