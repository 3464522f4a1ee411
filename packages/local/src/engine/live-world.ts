import { FotaError } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import { type CommandContext, createWorld, startCommand, type World } from "../jobs/world.js";
import { type CommandRecord, parseRecord } from "./command-record.js";
import { type CommandName, type CommandOutput, runCommand } from "./commands.js";
import { randomFrom } from "./random.js";
import { decodeWorld, encodeWorld } from "./world-file.js";

/** The world in memory, and its time. */
export class LiveWorld {
  readonly #region: string;
  readonly #clock: Clock;
  #world: World;
  #latestMs = 0;
  #failure: unknown;

  constructor(region: string, clock: Clock) {
    this.#region = region;
    this.#clock = clock;
    this.#world = createWorld(region);
  }

  get world(): World {
    return this.#world;
  }

  /** Returns the time in milliseconds since 1970, never earlier than a time that it returned before. */
  nowMs(): number {
    this.#latestMs = Math.max(this.#latestMs, this.#clock.nowMs());
    return this.#latestMs;
  }

  /** @throws the error of the bug that may have left the world half changed */
  requireIntact(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Runs a new command. @throws {AwsError} if the command may not run; then nothing has changed */
  run<N extends CommandName>(
    record: CommandRecord<N>,
  ): { context: CommandContext; output: CommandOutput<N> } {
    const context = this.#contextOf(record);
    try {
      return { context, output: runCommand(context, record.command, record.input) };
    } catch (error) {
      // A bug may have left the world half changed. From now on every command fails, rather than give wrong answers.
      if (!(error instanceof AwsError)) this.#failure = error;
      throw error;
    }
  }

  /** Replaces the world by the one in `text`, which `dir` stores. @throws {FotaError} LOCAL_DIR_INVALID */
  restore(text: string, dir: string): void {
    this.#world = decodeWorld(text);
    const { region } = this.#world;
    if (region === this.#region) return;
    throw new FotaError(
      "LOCAL_DIR_INVALID",
      `the state in ${dir} belongs to region ${region}, not ${this.#region}`,
      { hint: `start with --region ${region}, or use another folder` },
    );
  }

  /** Runs a stored command again. */
  replay(stored: unknown): void {
    const record = parseRecord(stored);
    runCommand(this.#contextOf(record), record.command, record.input);
    this.#latestMs = Math.max(this.#latestMs, record.nowMs);
  }

  encode(): string {
    return encodeWorld(this.#world);
  }

  #contextOf({ nowMs, seed }: CommandRecord): CommandContext {
    return startCommand(this.#world, { nowMs, random: randomFrom(seed) });
  }
}
