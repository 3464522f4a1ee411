import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Adds the milliseconds in the file CLOCK_OFFSET, if there is one, to the time of day of a Node.js process. */
const PRELOAD = `const { readFileSync } = require("node:fs");
const { now } = Date;
const RealDate = Date;
const offsetMs = () => { try { return Number(readFileSync(process.env.CLOCK_OFFSET, "utf8")); } catch { return 0; } };
Date.now = () => now() + offsetMs();
globalThis.Date = new Proxy(RealDate, { construct: (Real, args) => new Real(...(args.length ? args : [Date.now()])) });
`;

/** A wall clock for processes of Node.js that a test moves while they run. Their monotonic clock is the real one. */
export class MovedClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  private constructor(dir: string, preload: string) {
    this.#file = join(dir, "clock-offset");
    this.env = { NODE_OPTIONS: `--require ${preload}`, CLOCK_OFFSET: this.#file };
  }

  static async make(dir: string): Promise<MovedClock> {
    const preload = join(dir, "clock.cjs");
    await writeFile(preload, PRELOAD);
    return new MovedClock(dir, preload);
  }

  /** Moves the clock from the present. */
  async moveDays(days: number): Promise<void> {
    await writeFile(this.#file, String(days * 86_400_000));
  }

  /** Sets the clock to `time` in ISO 8601. It goes on from there. */
  async set(time: string): Promise<void> {
    await writeFile(this.#file, String(Date.parse(time) - Date.now()));
  }
}
