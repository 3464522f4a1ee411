import type { Output } from "../terminal/output.js";
import { eventFormatter } from "./format.js";
import { FleetSummary } from "./summary.js";
import type { DeviceEvent } from "./virtual-device.js";

/** Shows downloads step by step for at most this many devices. */
const SHOWN_CLOSELY = 5;
/** Shows a line for each event for at most this many devices, and counts for more. */
const SHOWN_EACH = 50;
/** How often the counts are shown, if they change. */
const SUMMARY_EVERY_MS = 1_000;

/** Shows the events of a fleet as they happen. */
export interface EventDisplay {
  /** Returns the listener for the events of one device. */
  of(thing: string): (event: DeviceEvent) => void;
  /** Shows what was not shown yet. */
  close(): void;
}

/** With `--json`, shows each event; else a line for each phase, or once a second the counts of a large fleet. */
export function displayEvents(output: Output, things: readonly string[]): EventDisplay {
  if (output.json && things.length > SHOWN_EACH) return eventsTogether(output);
  if (output.json || things.length <= SHOWN_EACH) {
    const width = Math.max(...[things[0], things.at(-1)].map((name = "") => name.length));
    const stepPercent = things.length > SHOWN_CLOSELY ? 50 : 10;
    return { of: (thing) => eachEvent(output, thing, width, stepPercent), close: () => {} };
  }
  const summary = new FleetSummary(things.length);
  const show = () => {
    const line = summary.news();
    if (line !== undefined) output.line(undefined, line);
  };
  const timer = setInterval(show, SUMMARY_EVERY_MS);
  return {
    of: (thing) => (event) => summary.note(thing, event),
    close: () => {
      clearInterval(timer);
      show();
    },
  };
}

/** Prints the events of one turn of the event loop together: each write to a pipe takes as long as many events. */
function eventsTogether(output: Output): EventDisplay {
  let events: unknown[] = [];
  const show = () => {
    const shown = events;
    events = [];
    output.jsonLines(shown);
  };
  return {
    of: (thing) => (event) => {
      if (events.length === 0) setImmediate(show);
      events.push({ thing, ...event });
    },
    close: show,
  };
}

function eachEvent(
  output: Output,
  thing: string,
  width: number,
  stepPercent: number,
): (event: DeviceEvent) => void {
  const format = eventFormatter(thing.padEnd(width), output.paint, stepPercent);
  return (event) => {
    const text = format(event);
    if (output.json) output.line({ thing, ...event }, "");
    else if (text !== undefined) output.line(event, text);
  };
}
