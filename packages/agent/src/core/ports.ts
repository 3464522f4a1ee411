/**
 * Ports: all that a device provides to the agent. The core uses neither Node nor the DOM; it gets everything else
 * through these interfaces. `@fota/agent/node` implements all of them for a Linux gateway.
 */

/** The state of the boot loader (P-30 to P-36, slots by index instead of addresses). */
export interface BootRecord {
  /** Slot of the image that runs now. It is never written. */
  runningSlot: number;
  /** Slot that boots next. Differs from `workingSlot`: that boot is, or would be, a trial (P-34). */
  currentSlot: number;
  /** Slot of the last confirmed image: the boot loader reverts to it. */
  workingSlot: number;
  /** How many slots there are; indexes are 0 to `slotCount - 1`. */
  slotCount: number;
  /** Bytes that each slot holds. */
  slotSizeBytes: number;
}

/** Digests of the first bytes of a slot, lower-case hex, read back from storage. */
export interface SlotDigests {
  md5: string;
  sha256: string;
}

/** A slot that is read back behind the writes to it. */
export interface ReadBack {
  /** The first `writtenBytes` are written and stay as they are: they may be read. Only grows. */
  advance(writtenBytes: number): void;
  /**
   * Returns the digests up to the last `advance`, read from storage. Called once; valid only when `sync` succeeded
   * after the last write. Rejects when the slot cannot be read; `digest` is used then.
   */
  digests(): Promise<SlotDigests>;
  /** Ends it, at any time: nothing runs and nothing is open when it resolves. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The boot loader and its slots. Every operation may be repeated after a power cut and must not mind. An operation
 * that would change the running slot throws `SLOT_RUNNING` and changes nothing: the port makes it impossible.
 */
export interface Slots {
  /** `get_record`. */
  record(): Promise<BootRecord>;
  /** `erase_slot`: makes room for `sizeBytes` from offset 0. Durable when it returns. */
  erase(slot: number, sizeBytes: number): Promise<void>;
  /** `write_slot`: no cursor is kept. Durable only after `sync`. */
  write(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void>;
  /** Makes all that was written durable, also what an earlier process wrote. */
  sync(slot: number): Promise<void>;
  /**
   * `checksum_slot`: both digests of the first `sizeBytes` bytes, read from storage in one pass. A slot that holds
   * fewer bytes gives the digests of what is there. Also takes the running slot.
   */
  digest(slot: number, sizeBytes: number): Promise<SlotDigests>;
  /**
   * Optional: starts to read the slot back while it is still being written, beside all other operations, so that its
   * digests are ready soon after the last byte. Returns `undefined` if that does not pay for so few bytes. Leave it out
   * if a later write could change earlier bytes (raw flash without wear leveling): `digest` then reads all.
   */
  readBack?(slot: number, sizeBytes: number): ReadBack | undefined;
  /** `close_slot`: releases what `write` holds open. Safe to call twice, and without a write. */
  close(slot: number): Promise<void>;
  /**
   * Makes `slot` the one to boot next, on trial: unless `accept` follows, the boot after that reverts. Durable when
   * it returns. Safe to call twice.
   */
  attempt(slot: number): Promise<void>;
  /**
   * Makes the running slot the working one: the trial is over. Durable when it returns. Safe to call twice; changes
   * nothing where the running slot is the working one already.
   * @throws {FotaError} TRIAL_OVER when the trial has ended, or belongs to another boot than this process. Nothing
   * changes then
   */
  accept(): Promise<void>;
  /**
   * Ends the trial: the working slot boots next. Durable when it returns. Safe to call twice. Leaves the trial of
   * another boot alone.
   */
  revert(): Promise<void>;
  /** Restarts into the slot that boots next. On a device it does not return. */
  restart(): Promise<void>;
}

/** One MQTT connection for one thing. Reconnects by itself while it is wanted. */
export interface Mqtt {
  readonly thingName: string;
  /** Connects if needed; resolves when messages flow. Rejects with `MQTT_UNREACHABLE` after a bounded time. */
  connect(): Promise<void>;
  /** Really closes the connection: no socket is left when it resolves. `connect` brings it back. */
  disconnect(): Promise<void>;
  /** QoS 1. Resolves when the broker has it; rejects with `MQTT_CLOSED` while disconnected. */
  publish(topic: string, payload: string): Promise<void>;
  /**
   * QoS 1; survives reconnects. `onMessage` gets each message on exactly this topic; `onReconnect` is called when the
   * connection is back after a loss, as messages may have been missed.
   */
  subscribe(topic: string, onMessage: (payload: string) => void, onReconnect?: () => void): Promise<void>;
  unsubscribe(topic: string): Promise<void>;
}

/** Answer to a GET, its body not yet read. */
export interface HttpResponse {
  /** HTTP status as it came: the core decides what it means. */
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /**
   * The body in the pieces in which it arrives. Throws when the connection breaks or stalls. Leaving the loop early
   * closes the connection.
   */
  body: AsyncIterable<Uint8Array>;
}

/** Tells when work in progress must stop. */
export interface InterruptSignal {
  /** Calls `listener` on the interrupt, at once if it came already, unless the returned function is called first. */
  onInterrupt(listener: () => void): () => void;
}

export interface Http {
  /**
   * One GET with `headers`; redirects are answers, not followed. Rejects when no answer comes: name, route, TLS,
   * refused, or `timeoutMs` without a byte. `interrupt` closes the connection at once, also inside the body, whose
   * reader gets an error; a port that does not look at it keeps a stalled connection for up to `timeoutMs` longer.
   * The message of an error is reported to the cloud: it holds no text of the server.
   */
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
    interrupt?: InterruptSignal,
  ): Promise<HttpResponse>;
}

/** Keeps one small JSON text across power cuts. */
export interface StateStore {
  /**
   * What was saved last; `undefined` when nothing was. Never a torn text. An empty text, or three rejections in a row:
   * the state is lost, and the agent asks the service what became of its jobs.
   */
  load(): Promise<string | undefined>;
  /** Saves atomically, durable when it resolves: after a power cut either the old or the new text is there. */
  save(text: string): Promise<void>;
}

export interface Clock {
  /** Milliseconds that only grow; their zero means nothing. */
  monotonicMs(): number;
  sleep(delayMs: number): Promise<void>;
  /** Calls `action` once after `delayMs`, unless the returned function is called first. */
  after(delayMs: number, action: () => void): () => void;
}

export interface Random {
  /** From 0 up to 1, as `Math.random`. */
  next(): number;
  /** A token that no other request of this device has. */
  token(): string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string) => void;

/** What `Fota` needs beside a connection. */
export interface Device {
  slots: Slots;
  http: Http;
  state: StateStore;
  clock: Clock;
  random: Random;
  log: Log;
  /** Hardware model; documents for another model are refused. */
  model?: string;
  /** Version of the running firmware; documents whose `bc_min` is above it are refused. */
  firmwareVersion?: string;
  /**
   * Milliseconds since 1970, as far as the device knows. Used only for the expiry of a document (`bc_exp`): a device
   * without it, or whose clock is behind, starts expired jobs too.
   */
  wallClockMs?(): number;
  /**
   * Whether `signature` (Ed25519, base64) of `statement` (signed as UTF-8) is by the key with this id, and the device
   * trusts that key. If present, a job document that no trusted key signed is refused before anything is touched.
   */
  verifySignature?(keyId: string, statement: string, signature: string): Promise<boolean>;
}
