import { FotaError, messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { FolderOwner } from "../folder/folder-identity.js";
import { documentToSend, type OrderedDocument } from "../jobs/documents.js";
import { eventsOf } from "../jobs/events.js";
import { type Notice, noticesOf } from "../jobs/notices.js";
import { nextDueMs } from "../jobs/rollout.js";
import type { S3Object } from "../jobs/s3-url.js";
import type { Log } from "../log.js";
import { type CommandContext, createWorld, startCommand, type World } from "../world.js";
import {
  type CommandInput,
  type CommandName,
  type CommandOutput,
  isCommandName,
  runCommand,
} from "./commands.js";
import { type Journal, openJournal } from "./journal.js";
import { freshSeed, randomFrom } from "./random.js";
import { decodeWorld, encodeWorld } from "./world-file.js";

/** Runs commands on the world, one at a time; keeps them on disk; lets time act; tells what is to be announced. */
export interface Engine {
  /**
   * For queries; only commands change it. Shows a command's effect from the moment it ran, which with a folder is a
   * little before it is durable.
   */
  readonly world: Readonly<World>;
  /** Never earlier than a time it gave before. */
  nowMs(): number;
  /**
   * Resolves when the change is done and, with a folder, durable: it survives a power cut.
   * @throws {AwsError} whatever the command refuses, and ServiceUnavailable when it cannot be written; then nothing has
   * changed
   */
  run<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>>;
  /**
   * Calls `listener` for each notice, in order, in a later macrotask than the answer of the command behind it: whoever
   * asked gets the answer first, as from AWS. Returns what ends it.
   */
  onNotice(listener: (notice: Notice) => void): () => void;
  /** The document of a job as a device that asks now gets it: with URLs in place of placeholders. */
  documentToSend(ordered: OrderedDocument): string;
  /** Waits until what ran is on disk. No notice comes after it. */
  close(): Promise<void>;
}

export interface EngineOptions {
  clock: Clock;
  region: string;
  /** Folder of the durable state; without it the world ends with the process. One engine at a time may have it. */
  dir?: string;
  /** The folder that `dir` is a part of. */
  owner?: FolderOwner | undefined;
  /** Makes the URLs that documents' placeholders stand for; without it they stay as they are. */
  presign?: (object: S3Object, expiresInSeconds: number, nowMs: number) => string;
  /** Says when the disk takes nothing, and when it does again. */
  log?: Log;
}

/** How long time waits to act again after the disk took nothing of it. */
const TICK_AGAIN_MS = 1_000;

/** Node's timers take no more, about 25 days; a tick that comes too early does nothing. A schedule may be years long. */
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
  /** The last write failed: `world` may be ahead of the disk until `recovery` is done. */
  let isBehind = false;
  let recovery: Promise<void> | undefined;
  /** The disk took nothing the last time it was asked. */
  let isFull = false;
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
          `the state in ${folder} is of region ${world.region}, not ${region}`,
          {
            hint: `start with --region ${world.region}, or give another folder`,
          },
        );
      },
      replay: (record) => {
        const { command, input, nowMs, seed } = parseRecord(record);
        runCommand(turnAt(nowMs, seed), command, input as never);
        latestMs = Math.max(latestMs, nowMs);
      },
      snapshot: () => encodeWorld(world),
    });
  }

  function turnAt(nowMs: number, seed: string): CommandContext {
    return startCommand(world, { nowMs, random: randomFrom(seed) });
  }

  function nowMs(): number {
    latestMs = Math.max(latestMs, clock.nowMs());
    return latestMs;
  }

  async function run<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    if (closed) throw new AwsError("ServiceUnavailableException", 503, "the stand-in is stopping");
    if (failure !== undefined) throw failure;
    if (isBehind || isFull) await requireDisk({ command, input });
    const record: CommandRecord = { command, input, nowMs: nowMs(), seed: freshSeed() };
    const turn = turnAt(record.nowMs, record.seed);
    let output: CommandOutput<N>;
    try {
      output = runCommand(turn, command, input);
    } catch (error) {
      // A bug may have left the world half changed: better no answers than wrong ones.
      if (!(error instanceof AwsError)) failure = error;
      throw error;
    }
    const notices = [...noticesOf(turn, documentAt), ...eventsOf(turn)];
    if (command === "tick") armTick(); // now, not when it is durable: a clock moved over several meets each at its time
    try {
      await journal?.append(record);
    } catch (error) {
      if (!isFull) log(`the state in ${dir} cannot be written: ${messageOf(error)}; changes are refused`);
      isBehind = true;
      isFull = true;
      await recover().catch(() => undefined); // the next command tries again
      throw unwritten(error);
    }
    announce(notices);
    if (command !== "tick") armTick();
    return output;
  }

  /** Takes the world back to what was acknowledged: what could not be written must not be shown. */
  function recover(): Promise<void> {
    recovery ??= (journal?.reload() ?? Promise.resolve()).then(
      () => {
        isBehind = false;
        recovery = undefined;
        armTick();
      },
      (error: unknown) => {
        recovery = undefined;
        armTick();
        throw error;
      },
    );
    return recovery;
  }

  /** After a failed write: goes on only when the world is what was acknowledged, and the disk takes writes again. */
  async function requireDisk(record: unknown): Promise<void> {
    try {
      if (isBehind) await recover();
      if (!isFull) return;
      await journal?.probe(record);
    } catch (error) {
      armTick();
      throw unwritten(error);
    }
    if (isFull) log(`the state in ${dir} is written again`);
    isFull = false;
  }

  function unwritten(error: unknown): AwsError {
    const message = `the change could not be written to ${dir}, so it was not made: ${messageOf(error)}`;
    return new AwsError("ServiceUnavailableException", 503, message);
  }

  function announce(notices: Notice[]): void {
    if (notices.length === 0) return;
    setImmediate(() => {
      for (const notice of closed ? [] : notices) for (const listener of listeners) listener(notice);
    });
  }

  function documentAt(ordered: OrderedDocument): string {
    if (presign === undefined) return ordered.document;
    return documentToSend(ordered, (object, expiresInSeconds) => presign(object, expiresInSeconds, nowMs()));
  }

  function armTick(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const dueMs = nextDueMs(world);
    if (dueMs === undefined || closed) return;
    const delayMs = Math.max(dueMs - nowMs(), isFull ? TICK_AGAIN_MS : 0);
    cancelTimer = delayMs > 0 ? clock.after(Math.min(delayMs, LONGEST_TIMER_MS), runTick) : soon(runTick);
  }

  function runTick(): void {
    // What stops a tick stops every command after it, and those answer with it.
    run("tick", {}).catch(() => undefined);
  }

  armTick();
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

/** What is due already needs no time to pass: it comes without the clock, but after the answer. */
function soon(action: () => void): () => void {
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
