import { FotaError } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import { type CommandContext, createWorld, startCommand, type World } from "../jobs/world.js";
import type { ReplayCost } from "../journal/journal-files.js";
import type { JournaledState, Restoration } from "../journal/load-journal.js";
import { ChangingState } from "../state/changing-state.js";
import type { StateCapture } from "../state/state-capture.js";
import { type CommandRecord, parseRecord } from "./command-record.js";
import { type CommandName, type CommandOutput, runCommand } from "./commands.js";
import { runEarlierCommand } from "./earlier-commands.js";
import { decodeWorld } from "./earlier-world.js";
import { randomFrom } from "./random.js";

/** The world in memory, and its time. */
export class LiveWorld implements JournaledState {
  readonly #region: string;
  readonly #clock: Clock;
  readonly #dir: string | undefined;
  readonly #changes = new ChangingState();
  #world: World;
  #latestMs = 0;
  #failure: unknown;

  /** `dir` is where the world is stored, for messages. */
  constructor(region: string, clock: Clock, dir: string | undefined) {
    this.#region = region;
    this.#clock = clock;
    this.#dir = dir;
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
    const context = contextOf(this.#world, record);
    try {
      const output = this.#changes.change(() => runCommand(context, record.command, record.input));
      return { context, output };
    } catch (error) {
      // A bug may have left the world half changed. From now on every command fails, rather than give wrong answers.
      if (!(error instanceof AwsError)) this.#failure = error;
      throw error;
    }
  }

  /** @throws {FotaError} LOCAL_DIR_INVALID if the world belongs to another region */
  restore(root: unknown): Restoration {
    const world = root as World;
    if (world.region !== this.#region) {
      throw new FotaError(
        "LOCAL_DIR_INVALID",
        `the state in ${this.#dir} belongs to region ${world.region}, not ${this.#region}`,
        { hint: `start with --region ${world.region}, or use another folder` },
      );
    }
    let latestMs = 0;
    return {
      replay: (stored) => {
        const record = parseRecord(stored);
        const context = contextOf(world, record);
        const replayed = record.sliceSize === undefined ? runCommand : runEarlierCommand;
        replayed(context, record.command, record.input);
        latestMs = Math.max(latestMs, record.nowMs);
        return replayCost(context);
      },
      finish: () => {
        this.#world = world;
        this.#latestMs = Math.max(this.#latestMs, latestMs);
      },
    };
  }

  restoreText(text: string): Restoration {
    return this.restore(decodeWorld(text));
  }

  capture(): StateCapture {
    return this.#changes.capture(this.#world);
  }
}

/** A step of large work takes 3 to 7 microseconds, as long as this many bytes of usual records. */
const STEP_BYTES = 100;

/** Returns what the record of a command costs that has run. */
export function replayCost({ stepsDone }: CommandContext): ReplayCost {
  return STEP_BYTES * stepsDone;
}

function contextOf(world: World, { nowMs, seed, stepsMax, sliceSize }: CommandRecord): CommandContext {
  return startCommand(world, { nowMs, random: randomFrom(seed) }, stepsMax ?? sliceSize);
}
