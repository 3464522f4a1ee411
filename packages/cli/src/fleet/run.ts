import { FotaError } from "@fota/shared";
import { readThingIndexing, updateThingIndexing } from "../aws/fleet-index.js";
import type { Iot } from "../aws/iot.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { checkGroupName } from "../job/group-name.js";
import { parseDurationSeconds } from "../settings/flags.js";
import { timeFormat } from "../status/view.js";
import { askFirst } from "../terminal/ask-first.js";
import { oneLine } from "../terminal/format.js";
import type { Progress } from "../terminal/output.js";
import { openSink } from "../terminal/sink.js";
import { csvOf, formatTable, pickColumns } from "../terminal/table.js";
import { checkThingName } from "../thing/spec.js";
import { fleetColumns, USUAL_COLUMNS, USUAL_CSV_COLUMNS } from "./columns.js";
import { type FleetHead, type FleetOptions, openFleet } from "./fleet.js";
import { adviceFor, formatFleet, formatFleetThing } from "./format.js";
import { readFleetThing } from "./read-thing.js";
import type { Fleet, FleetSource, FleetThing } from "./result.js";
import { withFleet } from "./turn-on-index.js";
import { parseVersionRange } from "./version-range.js";

/** Holds the options of `fota fleet`, as commander names them. */
export interface FleetCommandOptions {
  version?: string;
  model?: string;
  group?: string;
  notSeen?: string;
  stragglers?: boolean;
  things?: boolean;
  by?: "group";
  source?: FleetSource;
  package?: string;
  columns?: string;
  csv?: boolean;
  utc?: boolean;
  index?: boolean;
  dryRun?: boolean;
  yes?: boolean;
}

/**
 * Runs `fota fleet`.
 * @throws {FotaError} USAGE, TARGET_INVALID, THING_NOT_FOUND, GROUP_NOT_FOUND, INDEX_OFF, DECLINED and translated AWS
 * errors
 */
export async function runFleet(
  context: Context,
  thing: string | undefined,
  options: FleetCommandOptions,
): Promise<void> {
  const { output } = context;
  checkOptions(thing, options, context);
  if (options.index === true) return await withIot(context, (iot) => turnOnIndex(context, iot, options));
  const now = new Date();
  const filter = filterOf(options, now);
  const { source } = options;
  const name = options.package ?? context.settings.file.package;
  const isList = wantsThings(options);
  const time = options.csv === true ? (iso: string) => iso : timeFormat(options.utc ?? false, now);
  const columns = pickColumns(
    fleetColumns(time),
    options.csv === true ? USUAL_CSV_COLUMNS : USUAL_COLUMNS,
    options.columns,
  );
  await withIot(context, async (iot) => {
    if (thing !== undefined) {
      const found = await output.during(`reading thing ${thing}`, () =>
        readFleetThing(iot, thing, { source, package: name, now }),
      );
      output.result(found.thing, formatFleetThing(found, output, time));
      if (isUnreported(found)) {
        output.advise({
          text: "run <command> to get the version from the jobs that succeeded on the thing",
          command: ["fleet", thing, "--source", "jobs"],
        });
      }
      return noteSource(context, found.head);
    }
    const { head, things, fleet } = await output.during("reading the fleet", async (progress) => {
      const reader = await openFleet(patient(context, iot, progress), {
        filter,
        source,
        package: name,
        byGroup: options.by === "group",
        onProgress: progress,
        now,
      });
      return isList
        ? { head: reader.head, things: await reader.things(), fleet: undefined }
        : { head: reader.head, things: undefined, fleet: await reader.overview() };
    });
    if (fleet !== undefined) {
      output.result(fleet, formatFleet(fleet, output));
      if (fleet.partial !== undefined) output.note(fleet.partial);
      if (isUnrecorded(fleet)) {
        output.advise({
          text: "run <command> to see whether the package exists, and whether AWS IoT records what jobs install",
          command: ["doctor", "--package", name ?? ""],
        });
      }
    } else if (options.csv === true) {
      const { head: names, line } = csvOf(columns);
      output.result(things, [names, ...things.map(line)].join("\n"));
    } else if (output.json || things.length === 0) {
      output.result({ ...head, things }, "no thing matches");
      if (things.length === 0 && options.version !== undefined) {
        output.advise({
          text: "run <command> to count the versions: things of an unknown version are in no range",
          command: ["fleet"],
        });
      }
    } else {
      const sink = await openSink(context.host, { paged: true });
      await sink.write(`${formatTable<FleetThing>(things, columns, output.paint, output.columns)}\n`);
      await sink.close();
    }
    noteSource(context, head);
  });
}

/** Returns whether the options ask for things rather than for counts. */
function wantsThings(options: FleetCommandOptions): boolean {
  const { things, stragglers, notSeen, version, csv, columns } = options;
  return [things, stragglers, notSeen, version, csv, columns].some((option) => option !== undefined);
}

function filterOf(options: FleetCommandOptions, now: Date): NonNullable<FleetOptions["filter"]> {
  const { version: range, model, group, notSeen, stragglers } = options;
  return {
    version: range === undefined ? undefined : parseVersionRange(range),
    model,
    group,
    notSeenSince: notSeen === undefined ? undefined : new Date(now.getTime() - durationMs(notSeen)),
    stragglers,
  };
}

function durationMs(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds > 0) return seconds * 1000;
  throw new FotaError("USAGE", `--not-seen must be a duration, got ${JSON.stringify(text)}`, {
    hint: "write 12h or 7d",
  });
}

/** Returns whether the package as the source tells the version of no thing. */
function isUnrecorded({ source, versions }: Fleet): boolean {
  return source === "package" && versions.length > 0 && versions.every(({ version }) => version === null);
}

/** Returns whether the source tells nothing of a thing that had jobs, which may tell more. */
function isUnreported({ head, thing }: { head: FleetHead; thing: FleetThing }): boolean {
  return head.source !== "jobs" && thing.version === undefined && thing.lastJob !== undefined;
}

/** Tells on stderr why the versions come from jobs, and what to do about that. */
function noteSource({ output }: Context, { because }: FleetHead): void {
  const advice = adviceFor(because);
  if (advice !== undefined) output.advise(advice);
}

function patient({ host }: Context, iot: Iot, progress: Progress): Iot {
  return withThrottleRetry(iot, {
    signal: host.signal,
    onWait: (delayMs) => progress(`AWS throttles requests: continuing in ${Math.ceil(delayMs / 1000)} s`),
  });
}

/** Adds to the configuration of fleet indexing what `fota fleet` needs, and keeps the rest. */
async function turnOnIndex({ output }: Context, iot: Iot, options: FleetCommandOptions): Promise<void> {
  const { dryRun = false, yes = false } = options;
  const current = await output.during("reading the configuration of fleet indexing", () =>
    readThingIndexing(iot),
  );
  const { configuration, changes } = withFleet(current);
  if (changes.length === 0)
    return output.result({ changes, done: true }, "fleet indexing has all that is needed");
  const lines = changes.map(({ setting, from, to }) =>
    oneLine(`  ${setting}: ${from === "" ? "" : `${from} -> `}${to}`),
  );
  if (dryRun) {
    return output.result({ changes, done: false }, ["fleet indexing would get:", ...lines].join("\n"));
  }
  output.note(["fleet indexing gets:", ...lines, "AWS bills each indexed update and each query."].join("\n"));
  await askFirst(output, "change the configuration of this account and region?", yes);
  await output.during("changing the configuration of fleet indexing", () =>
    updateThingIndexing(iot, configuration),
  );
  output.result({ changes, done: true }, "fleet indexing is on; AWS builds the index within some minutes");
}

/** @throws {FotaError} USAGE, TARGET_INVALID */
function checkOptions(
  thing: string | undefined,
  options: FleetCommandOptions,
  { output, settings }: Context,
): void {
  const usage = (message: string, hint?: string) => new FotaError("USAGE", message, { hint });
  const { csv, by, index, source, package: name = settings.file.package, yes, dryRun } = options;
  if (csv === true && output.json) throw usage("--csv and --json cannot be used together");
  if (index !== true && (yes === true || dryRun === true))
    throw usage("--yes and --dry-run belong to --index");
  if (
    index === true &&
    (thing !== undefined || Object.keys(options).some((key) => !INDEX_OPTIONS.has(key)))
  ) {
    throw usage("--index takes no thing and no filter");
  }
  if (source === "package" && name === undefined) {
    throw usage("--source package needs the name of the package", "add --package <name>");
  }
  for (const flag of ["model", "group"] as const) {
    if (options[flag] !== "") continue;
    throw usage(
      `--${flag} must be a name, got ""`,
      `give a name, or leave --${flag} out; a variable in it may not be set`,
    );
  }
  checkGroupName(options.group);
  if (by !== undefined && wantsThings(options))
    throw usage("--by counts: it takes no option that lists things");
  if (thing === undefined) return;
  checkThingName(thing);
  const { model, group } = options;
  if (by !== undefined || model !== undefined || group !== undefined || wantsThings(options)) {
    throw usage(`${JSON.stringify(thing)} is one thing: it takes no option that selects or lists things`);
  }
}

const INDEX_OPTIONS: ReadonlySet<string> = new Set(["index", "yes", "dryRun"]);
