/** Collects what must be closed when the stand-in stops, and closes it in reverse order. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Waits until something is open, registers it for closing, and returns it. */
  async own<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.add(() => opened.close());
    return opened;
  }

  /** Closes everything, last opened first. Safe to call twice. */
  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}
