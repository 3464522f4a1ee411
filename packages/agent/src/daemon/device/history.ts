import { messageOf } from "@fota/shared";
import { isCount, isRecord } from "../../core/guards.js";
import type { Log, StateStore } from "../../core/ports.js";
import { parseState } from "../../core/saved-state.js";
import type { UpdateTarget, Verdict } from "../../core/update-state.js";
import { type ImageIdentity, slotHolds } from "../../core/verify.js";
import { fileState, fileStateView } from "../../node/file-state.js";
import type { SlotsView } from "../../node/recorded-slots.js";

/** An image that the agent has put into a slot. */
interface KnownImage extends ImageIdentity {
  version?: string;
}

/** How the last update ended. */
export interface LastResult {
  /** Absent for an image that was installed by hand. */
  jobId?: string;
  status: Verdict["status"];
  version?: string;
  reason?: string;
  detail?: string;
  /** ISO 8601, by the clock of the device. */
  at: string;
}

/** An image that was installed by hand and is not confirmed yet. */
export interface PendingInstall extends KnownImage {
  slot: number;
  /** Its trial was scheduled. */
  scheduled?: true;
  /** A person ends its trial. Saved before that is done. */
  reverted?: boolean;
}

/** How an update ends whose trial a person has ended. */
export const REVERTED_BY_HAND = {
  reason: "reverted-by-hand",
  detail: "`fota-agent revert` ended the trial",
} as const;

interface Saved {
  images: Record<string, KnownImage>;
  last?: LastResult;
  install?: PendingInstall;
}

const FORMAT_VERSION = 1;

/** Shows what the agent has put into the slots and how the last update ended. */
export class HistoryView {
  readonly #path: string;
  readonly #store: Pick<StateStore, "load">;
  readonly #log: Log;
  protected saved: Saved | undefined;

  constructor(path: string, log: Log, store: Pick<StateStore, "load"> = fileStateView(path, log)) {
    this.#path = path;
    this.#store = store;
    this.#log = log;
  }

  /** Rejects with STATE_ACCESS if the file exists and cannot be read. */
  async load(): Promise<Readonly<Saved>> {
    this.saved ??= this.#parse(await this.#store.load());
    return this.saved;
  }

  #parse(text: string | undefined): Saved {
    if (text === undefined) return { images: {} };
    const saved = parse(text);
    if (saved === undefined) {
      this.#log("warn", `${this.#path} is damaged: the running version and the last result are unknown`);
    }
    return saved ?? { images: {} };
  }

  /** Returns the version of the image in `slot`, if the agent has put it there and it is still the same. */
  async versionIn(slots: SlotsView, slot: number): Promise<string | undefined> {
    const image = (await this.load()).images[slot];
    if (image?.version === undefined) return undefined;
    return (await slotHolds(slots, slot, image)) ? image.version : undefined;
  }
}

/**
 * Remembers what the agent has put into the slots and how the last update ended, for `fota-agent status` and for the
 * version of the running firmware. Nothing that decides about the update of a job depends on it.
 */
export class History extends HistoryView {
  readonly #store: StateStore;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    const store = fileState(path, log);
    super(path, log, store);
    this.#store = store;
    this.#log = log;
  }

  async noteInstall(install: PendingInstall): Promise<void> {
    const { slot, ...image } = install;
    await this.#change((saved) => ({ ...saved, images: { ...saved.images, [slot]: image }, install }));
  }

  /** Notes that the trial of the install by hand was scheduled. */
  async noteScheduled(): Promise<void> {
    await this.#noteOfInstall({ scheduled: true });
  }

  async #noteOfInstall(note: Pick<PendingInstall, "scheduled" | "reverted">): Promise<void> {
    const { install } = await this.load();
    if (install !== undefined)
      await this.#change((saved) => ({ ...saved, install: { ...install, ...note } }));
  }

  /** Notes whether a person ends the trial of `slot`, if its image was installed by hand. */
  async noteRevert(slot: number, reverted: boolean): Promise<void> {
    const { install } = await this.load();
    if (install?.slot === slot) await this.#noteOfInstall({ reverted });
  }

  /** Notes the end of the install by hand. */
  async noteInstallResult(result: Omit<LastResult, "at">): Promise<void> {
    await this.#change(({ install: _done, ...saved }) => ({ ...saved, last: { ...result, at: now() } }));
  }

  /** Returns a store that notes what passes through `store`. An error of the history is logged and changes nothing. */
  watching(store: StateStore): StateStore {
    return {
      load: () => store.load(),
      save: async (text) => {
        await store.save(text);
        await this.#noteState(text).catch((error: unknown) => {
          this.#log("warn", `cannot note the history: ${messageOf(error)}`);
        });
      },
    };
  }

  async #noteState(text: string): Promise<void> {
    const state = parseState(text);
    if (state?.phase === "installing") {
      const { target } = state;
      await this.#change((saved) => ({
        ...saved,
        images: { ...saved.images, [target.slot]: imageOf(target) },
      }));
    } else if (state?.phase === "reporting") {
      const { execution, verdict, target } = state;
      const { reason, detail } = verdict.details;
      const last: LastResult = {
        jobId: execution.jobId,
        status: verdict.status,
        ...(target?.version !== undefined && { version: target.version }),
        ...(reason !== undefined && { reason }),
        ...(detail !== undefined && { detail }),
        at: now(),
      };
      await this.#change((saved) => ({ ...saved, last }));
    }
  }

  async #change(change: (saved: Saved) => Saved): Promise<void> {
    const saved = change(await this.load());
    await this.#store.save(JSON.stringify({ formatVersion: FORMAT_VERSION, ...saved }));
    this.saved = saved;
  }
}

function imageOf({ sizeBytes, md5, sha256, version }: UpdateTarget): KnownImage {
  return {
    sizeBytes,
    md5,
    ...(sha256 !== undefined && { sha256 }),
    ...(version !== undefined && { version }),
  };
}

function now(): string {
  return new Date().toISOString();
}

/** Parses the file. Leaves out what is not valid: the history only informs. `undefined` if nothing is. */
function parse(text: string): Saved | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { images, last, install } = value;
  const known = Object.entries(isRecord(images) ? images : {}).filter(([, image]) => isImage(image));
  return {
    images: Object.fromEntries(known) as Record<string, KnownImage>,
    ...(isResult(last) && { last }),
    ...(isImage(install) &&
      isCount((install as { slot?: unknown }).slot) && { install: install as PendingInstall }),
  };
}

function isImage(value: unknown): value is KnownImage {
  return (
    isRecord(value) &&
    isCount(value["sizeBytes"]) &&
    typeof value["md5"] === "string" &&
    isText(value["sha256"]) &&
    isText(value["version"])
  );
}

function isResult(value: unknown): value is LastResult {
  return (
    isRecord(value) &&
    ["SUCCEEDED", "FAILED", "REJECTED"].includes(String(value["status"])) &&
    typeof value["at"] === "string" &&
    [value["jobId"], value["version"], value["reason"], value["detail"]].every(isText)
  );
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
