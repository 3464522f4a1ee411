import { fstatSync } from "node:fs";
import { printable } from "@fota/shared";
import type { Log, LogLevel } from "../../core/ports.js";

const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Priorities that journald reads at the start of a line (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<LogLevel, string>> = {
  debug: "<7>",
  info: "<6>",
  warn: "<4>",
  error: "<3>",
};

/**
 * Returns a log that writes each message of level `lowest()` or above as one line: to the journal with its priority,
 * elsewhere as `fota-agent: warn: ...`.
 */
export function daemonLog(lowest: () => LogLevel, isJournal: boolean, write: (line: string) => void): Log {
  return (level, message) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(lowest())) return;
    const text = printable(message);
    write(isJournal ? `${PRIORITIES[level]}${text}\n` : `fota-agent: ${level}: ${text}\n`);
  };
}

/** Tells whether stderr is a stream of the journal: JOURNAL_STREAM has its device and inode (systemd.exec(5)). */
export function isJournalStream(journalStream: string | undefined, descriptor = 2): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
