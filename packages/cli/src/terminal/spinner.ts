import type { TextSink } from "../host.js";
import type { Paint } from "./paint.js";
import { openScreen } from "./screen.js";

/** Lines at the end of a terminal that move while something is waited for. */
export interface Spinner {
  say(text: string): void;
  /** Takes them away for what is written now; they come back by themselves. */
  clear(): void;
  stop(): void;
}

const FRAMES = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
const FRAME_MS = 80;

export function startSpinner(stderr: TextSink, paint: Paint, first: string): Spinner {
  let text = first;
  let frame = 0;
  const draw = () => screen.draw(`${paint("cyan", FRAMES[frame] ?? "")} ${text}`);
  const screen = openScreen(stderr, () => draw());
  const timer = setInterval(() => {
    frame = (frame + 1) % FRAMES.length;
    draw();
  }, FRAME_MS);
  timer.unref();
  draw();
  return {
    say(now) {
      text = now;
    },
    clear: () => screen.clear(),
    stop() {
      clearInterval(timer);
      screen.clear();
      screen.close();
    },
  };
}
