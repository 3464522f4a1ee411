import type { JobSetup } from "../aws/jobs.js";
import { rolloutFlags, rolloutTextsOf, scheduleTextsOf } from "../job/rollout-options.js";
import { formatNumber } from "../pages/numbers.js";
import { renderPage } from "../pages/page.js";
import { Badge } from "../pages/panel.js";
import { formatTime } from "../terminal/format.js";
import { BadDevicesPanel, EndsPanel, OverTimePanel } from "./chart-panels.js";
import { FleetPanel, RunsPanel } from "./fleet-panels.js";
import { CostPanel, PercentilesPanel, SuggestionPanel } from "./outcome-panels.js";
import type { RehearsalResult } from "./result.js";
import { notesOf, verdictOf } from "./verdict.js";
import { countRuns, sentence } from "./words.js";

const WORDS = { good: "ends", warn: "does not end by itself", bad: "aborts" } as const;

/** Renders a rehearsal as one HTML file that needs nothing else. */
export function rehearsalPage(found: RehearsalResult, images: readonly string[]): string {
  const { things, startsAt, runs } = found;
  const job = found.job as JobSetup; // the members of CreateJob have the same names as those of DescribeJob
  const flags = rolloutFlags({ ...rolloutTextsOf(job), ...scheduleTextsOf(job) });
  const { tone, text } = verdictOf(found);
  const name = images.map((image) => image.split(/[\\/]/).at(-1)).join(", ");
  return renderPage({
    title: `rehearsal of ${name}: ${text}`,
    scripts: [],
    body: (
      <>
        <header>
          <h1>Rehearsal of {name}</h1>
          <p class="dim">
            {formatNumber(things)} virtual devices · {countRuns(runs.length)} · as if created at{" "}
            {formatTime(startsAt)}
          </p>
          <p class="dim">
            {flags.length === 0 ? (
              "Without a rate, a time limit or an abort rule."
            ) : (
              <code>{flags.join(" ")}</code>
            )}
          </p>
        </header>
        <main>
          <section id="outcome" class={`panel wide verdict ${tone}`} aria-labelledby="outcome-h">
            <Badge tone={tone}>{WORDS[tone]}</Badge>
            <h2 id="outcome-h">{sentence(text)}</h2>
            {notesOf(found).map((note) => (
              <p key={note}>{sentence(note)}</p>
            ))}
          </section>
          <OverTimePanel found={found} />
          <PercentilesPanel found={found} />
          <EndsPanel found={found} />
          <BadDevicesPanel found={found} />
          <CostPanel found={found} />
          <SuggestionPanel found={found} />
          <FleetPanel found={found} />
          <RunsPanel found={found} />
        </main>
        <footer>
          <p>Made by `fota rehearse`: virtual devices in virtual time. Nothing was changed.</p>
        </footer>
      </>
    ),
  });
}
