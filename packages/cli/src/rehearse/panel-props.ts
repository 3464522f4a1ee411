import type { RehearsalResult } from "./result.js";

/** What each panel of the page of a rehearsal is rendered from. */
export interface PanelProps {
  found: RehearsalResult;
}
