import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { FolderOwner } from "../folder/folder-identity.js";
import { documentToSend, type UnfilledDocument } from "../jobs/documents.js";
import { nextDueMs } from "../jobs/due-work.js";
import { collectEvents } from "../jobs/events.js";
import { collectNotices, type Notice } from "../jobs/notices.js";
import type { S3Object } from "../jobs/s3-url.js";
import type { World } from "../jobs/world.js";
import { openJournal } from "../journal/journal.js";
import type { Log } from "../log.js";
import type { CommandInput, CommandName, CommandOutput } from "./commands.js";
import { DiskGuard } from "./disk-guard.js";
import { LiveWorld, replayCost } from "./live-world.js";
import { NoticeSender } from "./notice-sender.js";
import { freshSeed } from "./random.js";
import { TickTimer } from "./tick-timer.js";
import { TurnSteps } from "./turn-steps.js";

/** Runs commands on the world one at a time, writes them to disk, runs what is due, and publishes notifications. */
export interface Engine {
  /**
   * For queries; only commands change it. It shows the effect of a command as soon as the command ran, which with a
   * folder is shortly before the effect is durable.
   */
  readonly world: Readonly<World>;
  /** Returns the time in milliseconds since 1970, never earlier than a time that it returned before. */
  nowMs(): number;
  /**
   * Runs a command. Resolves when the change is made and, with a folder, survives a power cut.
   * @throws {AwsError} what the command throws, or ServiceUnavailable if the change cannot be written; then nothing has
   * changed
   */
  run<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>>;
  /**
   * Resolves when a command has made `isTrue` return true, and its changes survive a power cut; at once if it is true
   * now.
   * @throws {AwsError} ServiceUnavailable if the engine is closed before
   */
  until(isTrue: () => boolean): Promise<void>;
  /**
   * Calls `listener` for each notification, in order, in a later macrotask than the answer to its command: the client
   * gets the answer first, as from AWS. Returns a function that removes the listener.
   *
   * Notifications of Jobs on a topic that no listener hears when the command runs are not even composed: for most things,
   * nobody listens.
   * @param hears returns whether the listener hears a topic now; by default, it hears all
   */
  onNotice(listener: (notice: Notice) => void, hears?: (topic: string) => boolean): () => void;
  /** Returns the document as a device gets it now: with URLs in place of the placeholders. */
  documentToSend(unfilled: UnfilledDocument): string;
  /** Waits until all changes are on disk. Sends no notifications afterwards. */
  close(): Promise<void>;
}

export interface EngineOptions {
  clock: Clock;
  region: string;
  /**
   * Folder of the durable state; without it, the state is lost when the process ends. Only one engine may use it at a
   * time.
   */
  dir?: string;
  /** The `--dir` folder that contains `dir`. */
  owner?: FolderOwner | undefined;
  /** Makes the URLs for the placeholders in job documents; without it, the placeholders stay. */
  presign?: (object: S3Object, expiresInSeconds: number, nowMs: number) => string;
  /** Gets a line when writes to the disk begin to fail, and when they succeed again. */
  log?: Log;
}

/** Delay before the next tick after a write failed. */
const TICK_AGAIN_MS = 1_000;

/** @throws {FotaError} LOCAL_DIR_INVALID */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { clock, region, dir, owner, presign, log = () => undefined } = options;
  const live = new LiveWorld(region, clock, dir);
  const notices = new NoticeSender();
  const timer = new TickTimer(clock, runTick);
  const steps = new TurnSteps();
  const disk =
    dir === undefined
      ? undefined
      : new DiskGuard({
          dir,
          journal: await openJournal({ dir, owner, state: live }),
          log,
          onAttempt: scheduleTick,
        });
  const noticeOptions = { isHeard: (topic: string) => notices.isHeard(topic), documentToSend: documentAt };
  let closed = false;
  let waiting: { isTrue: () => boolean; resolve: () => void; reject: (error: AwsError) => void }[] = [];

  async function run<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    if (closed) throw stopping();
    live.requireIntact();
    if (disk?.isUncertain) await disk.requireWritable({ command, input });
    const record = { command, input, nowMs: live.nowMs(), seed: freshSeed(), stepsMax: steps.left(command) };
    const { context, output } = live.run(record);
    steps.count(command, context.stepsDone);
    const fulfilled = waiting.filter(({ isTrue }) => isTrue());
    const collected = context.messages.concat(collectNotices(context, noticeOptions), collectEvents(context));
    // At once, not when the change is durable: a clock that jumps over several deadlines must fire each at its time.
    if (command === "tick") scheduleTick();
    if (disk !== undefined) await disk.append(record, replayCost(context));
    if (fulfilled.length > 0) waiting = waiting.filter((each) => !fulfilled.includes(each));
    for (const { resolve } of fulfilled) resolve();
    notices.send(collected);
    if (command !== "tick") scheduleTick();
    return output;
  }

  function documentAt(unfilled: UnfilledDocument): string {
    if (presign === undefined) return unfilled.document;
    return documentToSend(unfilled, (object, expiresInSeconds) =>
      presign(object, expiresInSeconds, live.nowMs()),
    );
  }

  function scheduleTick(): void {
    const dueMs = nextDueMs(live.world);
    const leastMs = disk?.isFailing ? TICK_AGAIN_MS : 0;
    timer.schedule(dueMs === undefined ? undefined : Math.max(dueMs - live.nowMs(), leastMs));
  }

  function runTick(): void {
    run("tick", {}).catch(() => undefined); // an error of a tick also fails every later command, and those report it
  }

  function until(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return Promise.resolve();
    if (closed) return Promise.reject(stopping());
    return new Promise((resolve, reject) => waiting.push({ isTrue, resolve, reject }));
  }

  scheduleTick();
  return {
    get world() {
      return live.world;
    },
    nowMs: () => live.nowMs(),
    run,
    until,
    documentToSend: documentAt,
    onNotice: (listener, hears = () => true) => notices.add(listener, hears),
    close: async () => {
      closed = true;
      notices.stop();
      timer.stop();
      for (const { reject } of waiting) reject(stopping());
      await disk?.close();
    },
  };
}

function stopping(): AwsError {
  return new AwsError("ServiceUnavailableException", 503, "the stand-in is stopping");
}
