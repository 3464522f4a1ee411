import { Badge, Commands } from "../pages/panel.js";
import type { Verdict } from "./verdict.js";

/** Answers how the job stands, why, and what to type next. */
export function VerdictPanel({ word, tone, headline, explanation, also, next, unknown }: Verdict) {
  return (
    <section id="verdict" class={`panel wide verdict ${tone}`} aria-labelledby="verdict-h">
      <Badge tone={tone}>{word}</Badge>
      <h2 id="verdict-h">{headline}</h2>
      <p>{explanation}.</p>
      {also.map((text) => (
        <p key={text}>Also: {text}.</p>
      ))}
      <Commands steps={next} />
      {unknown.map((text) => (
        <p key={text} class="dim">
          Could not be read: {text}
        </p>
      ))}
    </section>
  );
}
