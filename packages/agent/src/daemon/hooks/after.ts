import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import { isCount, isRecord } from "../../core/guards.js";
import type { StateStore } from "../../core/ports.js";
import { parseState } from "../../core/saved-state.js";
import type { UpdateState } from "../../core/update-state.js";
import { fileState } from "../../node/file-state.js";
import type { Facts } from "../executable/environment.js";
import { findExecutable } from "../executable/find.js";
import { SavedList } from "../executable/saved-list.js";
import { askHook, type HookContext } from "./ask.js";
import type { HooksOptions } from "./hooks.js";

const AFTER_HOOKS = ["after-confirm", "after-revert"] as const;
export type AfterHook = (typeof AFTER_HOOKS)[number];

/** A hook that is still to be run. */
interface Notice {
  hook: AfterHook;
  facts: Facts;
  /** How often it was started. */
  attempts: number;
}

/** How often a hook is started that fails, or that a power cut ends. */
const ATTEMPTS_MAX = 3;
const RETRY_MS = 60_000;
/** Only a hook that defers for days while updates go on could fill the list. */
const NOTICES_MAX = 8;

/**
 * Runs the hooks `after-confirm` and `after-revert`. Saves which ones are due before the update ends, so a power cut
 * loses none. Each may therefore run more than once.
 */
export class AfterHooks {
  readonly #context: HookContext;
  readonly #options: Pick<HooksOptions, "facts" | "signal">;
  readonly #notices: SavedList<Notice>;
  #running: Promise<void> = Promise.resolve();

  constructor(context: HookContext, options: Pick<HooksOptions, "facts" | "signal">) {
    this.#context = context;
    this.#options = options;
    const path = join(context.stateDir, "fota-after-hooks.json");
    this.#notices = new SavedList(fileState(path, context.log), isNotice, () =>
      context.log("error", `${path} is damaged: hooks that were due after an update do not run`),
    );
  }

  /** Returns a store that notices in what passes through `store` that an image was confirmed or reverted. */
  watching(store: StateStore): StateStore {
    let before: UpdateState | undefined;
    return {
      load: () => store.load(),
      save: async (text) => {
        before ??= parseState((await store.load()) ?? "");
        const state = parseState(text);
        const notice = before && state && noticeOf(before, state);
        if (notice !== undefined) await this.note(notice.hook, notice.facts);
        await store.save(text);
        before = state;
        if (notice !== undefined) this.start();
      },
    };
  }

  /** Saves that a hook is due. An error is logged: it must not hold up the update. */
  async note(hook: AfterHook, facts: Facts): Promise<void> {
    const { config, log } = this.#context;
    try {
      const isThere = await findExecutable(config.dir, hook).then(
        (path) => path !== undefined,
        () => true, // it is there and cannot be used, which is logged when it runs
      );
      if (!isThere) return;
      const notice: Notice = { hook, facts, attempts: 0 };
      await this.#notices.change((all) => [...all, notice].slice(-NOTICES_MAX));
    } catch (error) {
      log("error", `hook ${hook} does not run: ${messageOf(error)}`);
    }
  }

  /** Runs the hooks that are due, one after the other. Call it at the start and after `note`. */
  start(): void {
    this.#running = this.#running.then(() => this.#runAll());
  }

  /** Resolves when no hook runs any more, after the signal was aborted. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #runAll(): Promise<void> {
    const signal = this.#options.signal();
    try {
      while (!signal.aborted) {
        const [next] = await this.#notices.items();
        if (next === undefined) return;
        const delayMs = await this.#runOnce(next, signal);
        if (delayMs !== undefined) await sleep(delayMs, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.#context.log("error", `the hooks after an update: ${messageOf(error)}`);
    }
  }

  /** Runs a hook once. Returns the delay before it runs again; `undefined` if it is done. */
  async #runOnce(notice: Notice, signal: AbortSignal): Promise<number | undefined> {
    const { hook, facts } = notice;
    const { config, log } = this.#context;
    const attempts = notice.attempts + 1;
    const started: Notice = { ...notice, attempts };
    if (attempts > ATTEMPTS_MAX) {
      log("error", `hook ${hook} failed or was ended ${ATTEMPTS_MAX} times and does not run again`);
      await this.#replace(notice);
      return undefined;
    }
    await this.#replace(notice, started);
    const all = { ...(await this.#options.facts()), ...facts };
    const limitMs = config.timeLimitSeconds * 1000;
    try {
      const decision = await askHook(hook, all, limitMs, signal, this.#context);
      if (decision.kind === "deferred") {
        await this.#replace(started, { ...notice, attempts: 0 });
        return decision.deferMs;
      }
      if (decision.kind === "refused" || decision.kind === "failed") return RETRY_MS;
    } catch (error) {
      if (signal.aborted) throw error;
      log("error", `hook ${hook}: ${messageOf(error)}`);
      return RETRY_MS;
    }
    await this.#replace(started);
    return undefined;
  }

  async #replace(old: Notice, by?: Notice): Promise<void> {
    await this.#notices.change((all) => all.flatMap((each) => (each === old ? (by ?? []) : each)));
  }
}

/** Returns the hook that is due when the update goes from one state to the next. */
export function noticeOf(
  before: UpdateState,
  state: UpdateState,
): { hook: AfterHook; facts: Facts } | undefined {
  if (state.phase !== "reporting" && state.phase !== "idle") return undefined;
  if (before.phase !== "trial" && before.phase !== "confirming" && before.phase !== "reverting") {
    return undefined;
  }
  const { execution, target } = before;
  const { slot, sizeBytes, md5, version } = target;
  const verdict = state.phase === "reporting" ? state.verdict : undefined;
  const { reason, detail } = verdict?.details ?? {};
  return {
    hook: verdict?.status === "SUCCEEDED" ? "after-confirm" : "after-revert",
    facts: {
      jobId: execution.jobId,
      image: { slot, sizeBytes, md5, version },
      result: { status: verdict?.status, reason, detail },
    },
  };
}

function isNotice(value: unknown): boolean {
  return (
    isRecord(value) &&
    AFTER_HOOKS.some((hook) => hook === value["hook"]) &&
    isRecord(value["facts"]) &&
    isCount(value["attempts"])
  );
}
