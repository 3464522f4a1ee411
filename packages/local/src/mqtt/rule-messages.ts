import type { Log } from "../log.js";
import { basicIngestRule } from "../topics.js";
import type { Message } from "./message.js";

/** The Basic Ingest messages for one rule since the start. */
export interface RuleTraffic {
  ruleName: string;
  messages: number;
  /** Sum of the payloads. */
  sizeBytes: number;
  /** Whole topic of the last message. */
  lastTopic: string;
}

/** Counts the messages of Basic Ingest. The stand-in has no rules, so they go nowhere else. */
export class RuleMessages {
  readonly #byRule = new Map<string, RuleTraffic>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Counts a message if it is for a rule; returns whether it is. Logs the first one for each rule. */
  take({ topic, payload }: Message): boolean {
    const ruleName = basicIngestRule(topic);
    if (ruleName === undefined) return false;
    const before = this.#byRule.get(ruleName);
    if (before === undefined) {
      this.#log(
        `mqtt: takes messages for rule ${ruleName} and drops them: there are no rules; GET /_fota/rules counts them`,
      );
    }
    this.#byRule.set(ruleName, {
      ruleName,
      messages: (before?.messages ?? 0) + 1,
      sizeBytes: (before?.sizeBytes ?? 0) + payload.length,
      lastTopic: topic,
    });
    return true;
  }

  list(): RuleTraffic[] {
    return [...this.#byRule.values()];
  }
}
