import { FotaError, messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { FolderOwner } from "../folder/folder-identity.js";
import { documentToSend, type UnfilledDocument } from "../jobs/documents.js";
import { collectEvents } from "../jobs/events.js";
import { collectNotices, type Notice } from "../jobs/notices.js";
import { nextDueMs } from "../jobs/rollout.js";
import type { S3Object } from "../jobs/s3-url.js";
import { type CommandContext, createWorld, startCommand, type World } from "../jobs/world.js";
import { type Journal, openJournal } from "../journal/journal.js";
import type { Log } from "../log.js";
import {
  type CommandInput,
  type CommandName,
  type CommandOutput,
  isCommandName,
  runCommand,
} from "./commands.js";
import { freshSeed, randomFrom } from "./random.js";
import { decodeWorld, encodeWorld } from "./world-file.js";

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
   * Calls `listener` for each notification, in order, in a later macrotask than the answer to its command: the client
   * gets the answer first, as from AWS. Returns a function that removes the listener.
   */
  onNotice(listener: (notice: Notice) => void): () => void;
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

/** Longest delay of a Node.js timer, about 25 days. A tick that comes too early does nothing. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface CommandRecord {
  command: CommandName;
  input: unknown;
  nowMs: number;
  seed: string;
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { clock, region, dir, presign, log = () => undefined } = options;
  let world = createWorld(region);
  let latestMs = 0;
  const listeners = new Set<(notice: Notice) => void>();
  let cancelTimer: (() => void) | undefined;
  let failure: unknown;
  let closed = false;
  /** The last write failed: `world` may be ahead of the disk until `recovery` has finished. */
  let hasUnwrittenChanges = false;
  let recovery: Promise<void> | undefined;
  /** The last write to the disk failed. */
  let isDiskFailing = false;
  const journal = dir === undefined ? undefined : await openWorldJournal(dir);

  function openWorldJournal(folder: string): Promise<Journal> {
    return openJournal({
      dir: folder,
      owner: options.owner,
      restore: (state) => {
        world = decodeWorld(state);
        if (world.region === region) return;
        throw new FotaError(
          "LOCAL_DIR_INVALID",
          `the state in ${folder} belongs to region ${world.region}, not ${region}`,
          {
            hint: `start with --region ${world.region}, or use another folder`,
          },
        );
      },
      replay: (record) => {
        const { command, input, nowMs, seed } = parseRecord(record);
        runCommand(contextAt(nowMs, seed), command, input as never);
        latestMs = Math.max(latestMs, nowMs);
      },
      snapshot: () => encodeWorld(world),
    });
  }

  function contextAt(nowMs: number, seed: string): CommandContext {
    return startCommand(world, { nowMs, random: randomFrom(seed) });
  }

  function nowMs(): number {
    latestMs = Math.max(latestMs, clock.nowMs());
    return latestMs;
  }

  async function run<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    if (closed) throw new AwsError("ServiceUnavailableException", 503, "the stand-in is stopping");
    if (failure !== undefined) throw failure;
    if (hasUnwrittenChanges || isDiskFailing) await requireWritableDisk({ command, input });
    const record: CommandRecord = { command, input, nowMs: nowMs(), seed: freshSeed() };
    const context = contextAt(record.nowMs, record.seed);
    let output: CommandOutput<N>;
    try {
      output = runCommand(context, command, input);
    } catch (error) {
      // A bug may have left the world half changed. From now on every command fails, rather than give wrong answers.
      if (!(error instanceof AwsError)) failure = error;
      throw error;
    }
    const notices = [...collectNotices(context, documentAt), ...collectEvents(context)];
    // At once, not when the change is durable: a clock that jumps over several deadlines must fire each at its time.
    if (command === "tick") scheduleTick();
    try {
      await journal?.append(record);
    } catch (error) {
      if (!isDiskFailing) {
        log(`cannot write the state in ${dir}: ${messageOf(error)}; all changes are refused until it can`);
      }
      hasUnwrittenChanges = true;
      isDiskFailing = true;
      await recover().catch(() => undefined); // the next command tries again
      throw writeFailure(error);
    }
    sendNotices(notices);
    if (command !== "tick") scheduleTick();
    return output;
  }

  /** Restores the acknowledged state: queries must not see changes that could not be written. */
  function recover(): Promise<void> {
    recovery ??= (journal?.reload() ?? Promise.resolve()).then(
      () => {
        hasUnwrittenChanges = false;
        recovery = undefined;
        scheduleTick();
      },
      (error: unknown) => {
        recovery = undefined;
        scheduleTick();
        throw error;
      },
    );
    return recovery;
  }

  /** After a failed write: resolves when the world is restored and the disk accepts writes again, else rejects. */
  async function requireWritableDisk(record: unknown): Promise<void> {
    try {
      if (hasUnwrittenChanges) await recover();
      if (!isDiskFailing) return;
      await journal?.probe(record);
    } catch (error) {
      scheduleTick();
      throw writeFailure(error);
    }
    if (isDiskFailing) log(`the state in ${dir} can be written again`);
    isDiskFailing = false;
  }

  function writeFailure(error: unknown): AwsError {
    const message = `the change was not made, because it could not be written to ${dir}: ${messageOf(error)}`;
    return new AwsError("ServiceUnavailableException", 503, message);
  }

  function sendNotices(notices: Notice[]): void {
    if (notices.length === 0) return;
    setImmediate(() => {
      for (const notice of closed ? [] : notices) for (const listener of listeners) listener(notice);
    });
  }

  function documentAt(unfilled: UnfilledDocument): string {
    if (presign === undefined) return unfilled.document;
    return documentToSend(unfilled, (object, expiresInSeconds) => presign(object, expiresInSeconds, nowMs()));
  }

  function scheduleTick(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const dueMs = nextDueMs(world);
    if (dueMs === undefined || closed) return;
    const delayMs = Math.max(dueMs - nowMs(), isDiskFailing ? TICK_AGAIN_MS : 0);
    cancelTimer = delayMs > 0 ? clock.after(Math.min(delayMs, LONGEST_TIMER_MS), runTick) : runSoon(runTick);
  }

  function runTick(): void {
    // An error of a tick also fails every later command, and those report it.
    run("tick", {}).catch(() => undefined);
  }

  scheduleTick();
  return {
    get world() {
      return world;
    },
    nowMs,
    run,
    documentToSend: documentAt,
    onNotice: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      cancelTimer?.();
      await journal?.close();
    },
  };
}

/** Runs `action` without the clock, because it is due already, but after the current answer. */
function runSoon(action: () => void): () => void {
  const immediate = setImmediate(action);
  return () => clearImmediate(immediate);
}

function parseRecord(record: unknown): CommandRecord {
  const { command, input, nowMs, seed } = record as Partial<CommandRecord>;
  if (!isCommandName(command) || typeof nowMs !== "number" || typeof seed !== "string") {
    throw new Error("not a record of a command");
  }
  return { command, input, nowMs, seed };
}
