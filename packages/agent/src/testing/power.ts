/** Where the power goes in a port call: before it does anything, half way through a write, or before its answer. */
export type CutPoint = "before" | "during" | "after";

/**
 * The power switch of a simulated device. Every port call passes here and is counted; at the chosen call the power
 * goes, and from then on no call ever returns: code behind it simply does not run, as on a real device.
 */
export class Power {
  readonly #cutAtCall: number;
  readonly #point: CutPoint;
  #calls = 0;
  #off = false;
  #goes: () => void = () => {};
  /** Resolves when the power goes. */
  readonly gone: Promise<"power-cut">;
  /** The calls that came, by name. */
  readonly trace: string[] = [];

  /** Without arguments the power stays. Calls are counted from 1. */
  constructor(cutAtCall = Number.POSITIVE_INFINITY, point: CutPoint = "before") {
    this.#cutAtCall = cutAtCall;
    this.#point = point;
    this.gone = new Promise((resolve) => {
      this.#goes = () => resolve("power-cut");
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
    this.#goes();
  }

  /** Carries `action` out if there is power; `torn` is what remains of it when the power goes half way. */
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
