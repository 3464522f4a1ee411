/**
 * Ports: the interfaces that a device implements for the agent. The core uses neither Node nor the DOM.
 * `@fota/agent/node` implements all ports for a Linux gateway.
 */

import type { Delta } from "./delta-port.js";
import type { InventoryReporter } from "./inventory-port.js";
import type { Trust } from "./trust-ports.js";

/** The state of the boot loader (P-30 to P-36, with slot indexes instead of addresses). */
export interface BootRecord {
  /** Slot of the image that runs now. It is never written. */
  runningSlot: number;
  /** Slot that boots next. If it differs from `workingSlot`, that boot is a trial (P-34). */
  currentSlot: number;
  /** Slot of the last confirmed image: the boot loader reverts to it. */
  workingSlot: number;
  /** Number of slots. Indexes are 0 to `slotCount - 1`. */
  slotCount: number;
  /** Size of each slot in bytes. */
  slotSizeBytes: number;
  /** Why the boot loader has reverted the last trial, for people, if it knows. Absent once another trial is scheduled. */
  failure?: string;
}

/** Digests of the first bytes of a slot in lower-case hex, read back from storage. */
export interface SlotDigests {
  md5: string;
  sha256: string;
}

/** Reads a slot back while it is being written. */
export interface ReadBack {
  /** Allows reading the first `writtenBytes` bytes, which are written and do not change any more. Only grows. */
  advance(writtenBytes: number): void;
  /**
   * Returns the digests of the bytes up to the last `advance`, read from storage. Called once, after the last write and
   * a successful `sync`. Rejects if the slot cannot be read; the agent then uses `digest`.
   */
  digests(): Promise<SlotDigests>;
  /** Stops at any time. When it resolves, nothing runs and nothing is open. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The boot loader and its slots. The agent may repeat every operation after a power cut, so each must be safe to
 * repeat. An operation that would change the running slot throws `SLOT_RUNNING` and changes nothing. The comments name
 * the original library's functions.
 */
export interface Slots {
  /** Returns the state of the boot loader (`get_record`). */
  record(): Promise<BootRecord>;
  /** Makes room for `sizeBytes` bytes from offset 0 (`erase_slot`). Durable when it returns. */
  erase(slot: number, sizeBytes: number): Promise<void>;
  /** Writes bytes at any offset (`write_slot`); keeps no cursor. Durable only after `sync`. */
  write(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /** Makes all written bytes durable, including those that an earlier process wrote. */
  sync(slot: number): Promise<void>;
  /**
   * Returns both digests of the first `sizeBytes` bytes, read from storage in one pass (`checksum_slot`). If the slot
   * holds fewer bytes, returns the digests of those. Also works for the running slot.
   */
  digest(slot: number, sizeBytes: number): Promise<SlotDigests>;
  /**
   * Optional. Returns only the SHA-256 of `digest`, for less processor time. The agent calls it to learn which image a
   * slot holds. Before an image boots, it always compares both digests.
   */
  sha256?(slot: number, sizeBytes: number): Promise<string>;
  /**
   * Optional. Returns how many bytes the slot holds, 0 if it is empty; `undefined` if it does not tell where its image ends,
   * as a partition. Also works for the running slot. Without it, an image that begins with all bytes of another one
   * counts as that one.
   */
  heldBytes?(slot: number): Promise<number | undefined>;
  /**
   * Optional. Fills `bytes` with the bytes of the slot from `offsetBytes` on, read from storage. Also works for the running
   * slot. Rejects if the slot holds fewer. Without it, the device downloads no patches (`bc_delta`).
   */
  read?(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /**
   * Optional. Starts to read the slot back while it is still being written, concurrently with all other operations, so
   * that the digests are ready soon after the last byte. Returns `undefined` if that is not worthwhile for `sizeBytes`.
   * Omit it if a later write could change earlier bytes (raw flash without wear leveling): the agent then uses
   * `digest`.
   */
  readBack?(slot: number, sizeBytes: number): ReadBack | undefined;
  /** Closes what `write` and `read` keep open (`close_slot`). Safe to call twice, and without a write. */
  close(slot: number): Promise<void>;
  /**
   * Schedules a trial: the next boot is `slot`, and the boot after that reverts unless `accept` was called. Durable
   * when it returns. Safe to call twice.
   */
  attempt(slot: number): Promise<void>;
  /**
   * Confirms the running slot: it becomes the working one. Durable when it returns. Safe to call twice; does nothing if
   * the running slot is already the working one.
   * @throws {FotaError} TRIAL_OVER if the trial has ended, or belongs to another boot than this process. Nothing changes
   * then
   */
  accept(): Promise<void>;
  /**
   * Ends the trial: the working slot boots next. Durable when it returns. Safe to call twice. Does not change the trial
   * of another boot.
   */
  revert(): Promise<void>;
  /** Restarts into the slot that boots next. On a real device it does not return. */
  restart(): Promise<void>;
}

/** One MQTT connection for one thing. Reconnects automatically between `connect` and `disconnect`. */
export interface Mqtt {
  readonly thingName: string;
  /** Connects if needed. Resolves when the connection is up. Rejects with `MQTT_UNREACHABLE` after a bounded time. */
  connect(): Promise<void>;
  /** Closes the connection: no socket is left when it resolves. `connect` opens it again. */
  disconnect(): Promise<void>;
  /**
   * Publishes with QoS 1. Resolves when the broker has acknowledged it. Rejects with `MQTT_CLOSED` while disconnected.
   */
  publish(topic: string, payload: string): Promise<void>;
  /**
   * Subscribes with QoS 1. The subscription survives reconnects. Calls `onMessage` for each message on exactly this
   * topic, and `onReconnect` when the connection is restored after a loss, because messages may have been missed.
   */
  subscribe(topic: string, onMessage: (payload: string) => void, onReconnect?: () => void): Promise<void>;
  unsubscribe(topic: string): Promise<void>;
}

/** The answer to a GET. Its body is not read yet. */
export interface HttpResponse {
  /** HTTP status, also of redirects and errors: the core interprets it. */
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /**
   * The body, in the pieces in which it arrives. A piece is valid until the next one is asked for. Throws if the connection
   * breaks or stalls. An early end closes it.
   */
  body: AsyncIterable<Uint8Array>;
}

/** Signals that work in progress must stop. */
export interface InterruptSignal {
  /** Calls `listener` on the interrupt, at once if it already came, unless the returned function is called first. */
  onInterrupt(listener: () => void): () => void;
}

export interface Http {
  /**
   * Sends one GET with `headers`. Does not follow redirects. Rejects if no answer comes: after an error of DNS, network
   * or TLS, or after `timeoutMs` milliseconds without a byte. `interrupt` closes the connection at once, also while the
   * body is read, which then throws. A port that ignores it keeps a stalled connection for up to `timeoutMs` longer.
   * Error messages are reported to the cloud, so they must not contain text from the server.
   */
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
    interrupt?: InterruptSignal,
  ): Promise<HttpResponse>;
}

/** Lends the memory that downloads and readings of slots need for a short time. */
export interface Buffers {
  /** Returns an array of exactly `sizeBytes`, with any content. The caller alone uses it until `giveBack`. */
  take(sizeBytes: number): Uint8Array;
  /** Takes an array back. One that is never given back is left to the garbage collector. */
  giveBack(buffer: Uint8Array): void;
}

/** Stores one small JSON text across power cuts. */
export interface StateStore {
  /**
   * Returns the last saved text, never a torn one; `undefined` if nothing was saved. Return an empty text if the state
   * is lost: the agent then asks the service about its jobs, as it does after three rejections in a row.
   */
  load(): Promise<string | undefined>;
  /** Saves atomically. Durable when it resolves. A power cut leaves either the old or the new text. */
  save(text: string): Promise<void>;
}

export interface Clock {
  /** Returns milliseconds since an arbitrary moment. Never goes backward. */
  monotonicMs(): number;
  sleep(delayMs: number): Promise<void>;
  /** Calls `action` once after `delayMs` milliseconds, unless the returned function is called first. */
  after(delayMs: number, action: () => void): () => void;
}

export interface Random {
  /** Returns a number of at least 0 and below 1, as `Math.random` does. */
  next(): number;
  /** Returns a token that is unique among the requests of this device. */
  token(): string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
/**
 * Takes a line for the log. `about` is for programs: the error that the line is about or, when an update ends without
 * success, its cause as in `statusDetails.reason`.
 */
export type Log = (level: LogLevel, message: string, about?: unknown) => void;

/** What `Fota` needs besides a connection. */
export interface Device {
  slots: Slots;
  http: Http;
  state: StateStore;
  clock: Clock;
  random: Random;
  log: Log;
  /** Hardware model. The device refuses job documents for another model. */
  model?: string;
  /** Version of the running firmware. The device refuses job documents with a higher `bc_min`. */
  firmwareVersion?: string;
  /**
   * Returns milliseconds since 1970. Used only for the expiry of a document (`bc_exp`): a device without it, or with a
   * clock that is behind, also starts expired jobs.
   */
  wallClockMs?(): number;
  /**
   * If present, downloads borrow their buffers there. Lets a program with thousands of devices use the same memory again.
   * Without it, each download allocates its own.
   */
  buffers?: Buffers;
  /** If present, the device reports what it runs in the named shadow `fota`. */
  inventory?: InventoryReporter;
  /** If present, the device downloads patches instead of the whole image where the job document has a fitting one. */
  delta?: Delta;
  /** If present, the device refuses a job document that not enough of the trusted keys signed. */
  trust?: Trust;
}
