/** When the power is cut in a port call: before it, halfway through a write, or after it but before its answer. */
export type CutPoint = "before" | "during" | "after";

/**
 * The power switch of a simulated device. Every port call goes through `pass`, which counts calls and cuts the power at
 * the chosen one. After the cut no call ever returns, so the code that waits for it does not run, as on a real device.
 */
export class Power {
  readonly #cutAtCall: number;
  readonly #point: CutPoint;
  #calls = 0;
  #off = false;
  #resolveOff: () => void = () => {};
  /** Resolves when the power is cut. */
  readonly off: Promise<"power-cut">;
  /** Names of all calls, in order. */
  readonly trace: string[] = [];

  /** Cuts the power at call number `cutAtCall`, counted from 1. Without arguments, never cuts it. */
  constructor(cutAtCall = Number.POSITIVE_INFINITY, point: CutPoint = "before") {
    this.#cutAtCall = cutAtCall;
    this.#point = point;
    this.off = new Promise((resolve) => {
      this.#resolveOff = () => resolve("power-cut");
    });
  }

  get isOff(): boolean {
    return this.#off;
  }

  get calls(): number {
    return this.#calls;
  }

  cut(): void {
    this.#off = true;
    this.#resolveOff();
  }

  /** Runs `action` if the power is on. Runs `torn` instead if the power is cut halfway through. */
  async pass<T>(name: string, action: () => T | Promise<T>, torn: () => void = () => {}): Promise<T> {
    if (this.#off) return await never();
    this.#calls += 1;
    this.trace.push(name);
    if (this.#calls !== this.#cutAtCall) {
      const result = await action();
      return this.#off ? await never() : result;
    }
    if (this.#point === "during") torn();
    if (this.#point === "after") await action();
    this.cut();
    return await never();
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
