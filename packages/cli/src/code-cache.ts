import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import type { EXIT } from "./exit-code.js";
import { cacheFolder, homeFolder } from "./home-folder.js";
import { type Load, type ModuleTable, moduleLoader } from "./module-loader.js";
import { wallClockMs } from "./wall-clock.js";

/** Holds what V8 compiled in a run. */
interface Compiled {
  data: Buffer;
  /** True if the run finished. A failed run compiled only the code up to its failure. */
  whole: boolean;
  /** The last time that a run used it, up to a day earlier, in milliseconds. */
  usedAtMs: number;
}

/** Not imported: exit-code.ts would make every command compile all error codes first. */
const DONE = 0 satisfies typeof EXIT.done;
const FAILED = 1 satisfies typeof EXIT.failed;
const THINGS_FAILED = 3 satisfies typeof EXIT.thingsFailed;

const WRAPPER = "(function(module){";
const DAY_MS = 24 * 3_600_000;
const UNUSED_MAX_MS = 30 * DAY_MS;
/** Where another release is in use: a file's time of use is up to a day old. */
const REPLACED_MAX_MS = 2 * DAY_MS;
/** A name in the cache: command and module, the hash of its code, and Node.js; then the process that writes it. */
const NAME_PATTERN =
  /^(code-[a-z]+-[a-z\d]+)-[0-9a-f]{10}\.cjs-(v\d+\.\d+\.\d+(?:-[\w.-]+)?-[a-z\d]+)(\.\d+)?$/;
const CHECKSUM_BYTES = 4;
/** One byte before the data says whether it is whole. */
const DATA_AT = CHECKSUM_BYTES + 1;

/**
 * Returns a loader for the bundle's modules that caches V8's compiled code in the user's cache folder, because
 * compiling is most of a command's start time. The cache is optional: a file that is damaged, that another user may
 * have written or that another V8 made is ignored, and a cache that cannot be written is no error.
 *
 * @param folder where the files are
 * @param files the file of each module
 * @param purpose names the cache: each command runs other code
 */
export function bundleLoader(folder: string, files: Readonly<Record<string, string>>, purpose: string): Load {
  return moduleLoader(
    files,
    (file) => compile(join(folder, file), cacheFile(file, purpose)),
    createRequire(join(folder, "any.cjs")),
  );
}

/** Runs a file of the bundle as Node's `require` does, which cannot cache what V8 compiles during the run. */
function compile(path: string, cachePath: string): ModuleTable {
  const code = readFileSync(path, "latin1"); // the bundle is ASCII, and V8 stores such text in one byte per character
  const cached = readCache(cachePath);
  const script = new Script(`${WRAPPER}${code}\n})`, {
    filename: path,
    columnOffset: -WRAPPER.length,
    ...(cached !== undefined && { cachedData: cached.data }),
  });
  const isUsed = cached !== undefined && script.cachedDataRejected !== true;
  // Save at exit, when V8 has compiled what this command needs.
  process.once("exit", (exitCode) => {
    const whole = exitCode === DONE;
    const isWorthIt = whole || exitCode === FAILED || exitCode === THINGS_FAILED;
    const isBetter = !isUsed || (whole && !cached.whole);
    if (isWorthIt && isBetter) writeCache(cachePath, { data: script.createCachedData(), whole });
    else if (isUsed && wallClockMs() - cached.usedAtMs > DAY_MS) markUsed(cachePath);
  });
  const module = {} as { exports: ModuleTable };
  (script.runInThisContext() as (of: typeof module) => void)(module);
  return module.exports;
}

/**
 * Returns the path of a cache file. `name` contains a hash of its content, so a new release has new files;
 * `removeUnused` removes the old ones.
 */
function cacheFile(name: string, purpose: string): string {
  return join(
    cacheFolder(process.env, homeFolder()),
    `code-${purpose}-${name}-${process.version}-${process.arch}`,
  );
}

function readCache(path: string): Compiled | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would wait for its writer
    try {
      const stats = fstatSync(file);
      const { uid, mode } = stats;
      if (!stats.isFile()) return undefined;
      if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0))
        return undefined;
      const bytes = readFileSync(file);
      if (bytes.length <= DATA_AT || bytes.readUInt32LE(0) !== crc32(bytes.subarray(CHECKSUM_BYTES)))
        return undefined;
      return { data: bytes.subarray(DATA_AT), whole: bytes[CHECKSUM_BYTES] === 1, usedAtMs: stats.mtimeMs };
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // the first run, or an unreadable cache folder
  }
}

/** Writes the whole cache or nothing: after a power cut or with a second process, the name never has half a file. */
function writeCache(path: string, { data, whole }: Omit<Compiled, "usedAtMs">): void {
  const made = `${path}.${process.pid}`;
  try {
    // Create level by level: a recursive mkdir never returns below /proc.
    for (const folder of [dirname(dirname(path)), dirname(path)]) {
      if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    }
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    const checked = Buffer.concat([Buffer.of(whole ? 1 : 0), data]);
    checksum.writeUInt32LE(crc32(checked));
    writeFileSync(made, Buffer.concat([checksum, checked]), { mode: 0o600, flag: "wx" });
    renameSync(made, path);
    removeUnused(path);
  } catch {
    removeQuietly(made);
  }
}

/** Records that the file is in use, and removes others that are not: a user of one release writes no new files. */
function markUsed(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
    removeUnused(path);
  } catch {
    // another process removed it, or the folder may not be written
  }
}

/**
 * Removes the files in place of which another release has `path`, if no run used them for a day, or up to two: people may
 * use two releases at once. Removes all others after a month. Touches only regular files with fota's names; a process that
 * reads one meanwhile keeps what it has opened.
 */
function removeUnused(path: string): void {
  const folder = dirname(path);
  const own = placeOf(basename(path));
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = entry.isFile() ? placeOf(entry.name) : undefined;
    const other = join(folder, entry.name);
    if (place === undefined || other === path) continue;
    const unusedMs = wallClockMs() - (statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN);
    if (unusedMs > (place === own ? REPLACED_MAX_MS : UNUSED_MAX_MS)) removeQuietly(other);
  }
}

/** Returns what a file of the cache is for, whatever its release; `undefined` for another file. */
function placeOf(name: string): string | undefined {
  const [, purpose, node] = NAME_PATTERN.exec(name) ?? [];
  return purpose === undefined ? undefined : `${purpose} ${node}`;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // a folder that refused the file refuses its removal too
  }
}
