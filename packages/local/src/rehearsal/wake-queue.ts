/** What a device does when its time comes. */
export type Wake = "start" | "downloaded" | "report";

const WAKES: readonly Wake[] = ["start", "downloaded", "report"];
const NONE = 255;

/**
 * The next step of each device by time: a binary heap of device numbers, the earliest first and then the lowest number.
 * A device has at most one step. Typed arrays hold a million devices in 17 MB.
 */
export class WakeQueue {
  readonly #heap: Int32Array;
  readonly #atMs: Float64Array;
  readonly #wakes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#heap = new Int32Array(size);
    this.#atMs = new Float64Array(size);
    this.#wakes = new Uint8Array(size).fill(NONE);
  }

  /** Time of the earliest step; `Infinity` if there is none. */
  get nextMs(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#timeOf(this.#deviceAt(0));
  }

  has(device: number): boolean {
    return this.#wakes[device] !== NONE;
  }

  /** Adds a step of a device that has none. */
  add(device: number, atMs: number, wake: Wake): void {
    this.#atMs[device] = atMs;
    this.#wakes[device] = WAKES.indexOf(wake);
    let index = this.#length;
    this.#length += 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#deviceAt(parentIndex);
      if (!this.#isBefore(device, parent)) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = device;
  }

  /** Removes the earliest step; the queue must not be empty. */
  take(): { device: number; wake: Wake } {
    const device = this.#deviceAt(0);
    const wake = WAKES[this.#wakes[device] ?? NONE] as Wake;
    this.#wakes[device] = NONE;
    this.#length -= 1;
    if (this.#length > 0) this.#sink(this.#deviceAt(this.#length));
    return { device, wake };
  }

  /** Puts a device at the top of the heap, then moves it down to its place. */
  #sink(device: number): void {
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= this.#length) break;
      const right = childIndex + 1;
      if (right < this.#length && this.#isBefore(this.#deviceAt(right), this.#deviceAt(childIndex))) {
        childIndex = right;
      }
      const child = this.#deviceAt(childIndex);
      if (!this.#isBefore(child, device)) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = device;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#timeOf(a) - this.#timeOf(b);
    return difference < 0 || (difference === 0 && a < b);
  }

  #deviceAt(index: number): number {
    return this.#heap[index] as number;
  }

  #timeOf(device: number): number {
    return this.#atMs[device] as number;
  }
}
