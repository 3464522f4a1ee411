import { FotaError } from "@fota/shared";
import type { Command, Option } from "commander";

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** Parses `90`, `90s`, `30m`, `1h` or `7d` as seconds; `undefined` for any other text. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text.trim());
  const unit = SECONDS_OF_UNIT[match?.[2] ?? ""];
  return match?.[1] === undefined || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Parses a slot number. @throws {FotaError} SLOT_INVALID */
export function parseSlot(text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text);
  throw new FotaError(
    "SLOT_INVALID",
    `--slot must be a number from 0 up, or any, got ${JSON.stringify(text)}`,
    {
      hint: "give the slot that the image is linked for, such as --slot 1, or --slot any for one that runs from every slot",
    },
  );
}

/** Parses a duration as milliseconds. @throws {FotaError} USAGE, naming `flag` */
export function parseTimeoutMs(text: string, flag: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined) return seconds * 1000;
  throw new FotaError("USAGE", `${flag} must be a duration, got ${JSON.stringify(text)}`, {
    hint: "write 90s, 30m or 2h",
  });
}

/** Parses a port. @throws {FotaError} USAGE, naming `flag` */
export function parsePort(text: string, flag: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new FotaError("USAGE", `${flag} must be a port from 0 to 65535, got ${JSON.stringify(text)}`, {
    hint: "0 takes a free one",
  });
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Returns whether the value of `option` is the path of a file or a folder. */
export function takesPath(option: Option): boolean {
  return /<(file|folder)>/.test(option.flags);
}

/**
 * Makes every path option of `command` refuse an empty value, as from `--dir "$UNSET"`, which would resolve to the
 * working folder. The error code is USAGE.
 */
export function refuseEmptyPaths(command: Command): void {
  for (const option of command.options.filter(takesPath)) {
    command.on(`option:${option.name()}`, (value: string) => {
      if (value.trim() !== "") return;
      const flag = option.long ?? option.flags;
      throw new FotaError("USAGE", `${flag} must be a path, got ${JSON.stringify(value)}`, {
        hint: `give a path${option.mandatory ? "" : `, or leave ${flag} out`}; a variable in it may not be set`,
      });
    });
  }
}

/**
 * Makes every option of `command` with a single value refuse a second one: commander would silently use the last.
 * Options that `collect` their values stay repeatable. The error code is USAGE.
 */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    const takesValue = option.required || option.optional;
    if (!takesValue || option.parseArg === collect) continue;
    let given: string | undefined;
    command.on(`option:${option.name()}`, (value: string) => {
      if (given !== undefined) {
        const flag = option.long ?? option.flags;
        const both = [given, value].map((text) => JSON.stringify(text)).join(" and ");
        throw new FotaError("USAGE", `${flag} takes one value, got ${both}`, { hint: `give ${flag} once` });
      }
      given = value;
    });
  }
}
