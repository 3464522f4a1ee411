/** What has to be closed when the stand-in stops, in the reverse order of opening. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Waits for something that can be closed, notes to close it, and returns it. */
  async own<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.add(() => opened.close());
    return opened;
  }

  /** Closes what was opened last first. Safe to call twice. */
  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}
