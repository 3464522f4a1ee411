import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const LIBRARIES = "/usr/lib";

const library = readdirSync(LIBRARIES)
  .map((name) => join(LIBRARIES, name, "faketime/libfaketimeMT.so.1"))
  .find((path) => existsSync(path));

/** Why the time of a process cannot be faked here; `undefined` if it can. */
export const fakeTimeMissing = library === undefined ? "Debian: faketime" : undefined;

/**
 * A wall clock for processes that a test sets while they run, also for the check of certificates by OpenSSL. Their
 * monotonic clock is the real one.
 */
export class FakeTime {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
    this.env = {
      LD_PRELOAD: library ?? "",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** `time` is in UTC, as in `2001-01-01 00:00:00`. */
  static async make(dir: string, time: string): Promise<FakeTime> {
    const fake = new FakeTime(join(dir, "fake-time"));
    await fake.set(time);
    return fake;
  }

  /** Sets the clock. It goes on from there in each process, from the start of the process. */
  async set(time: string): Promise<void> {
    await writeFile(this.#file, `@${time}\n`);
  }
}
