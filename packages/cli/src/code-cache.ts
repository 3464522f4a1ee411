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
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import type { EXIT } from "./exit-code.js";
import { cacheFolder, homeFolder } from "./home-folder.js";
import { type Load, type ModuleTable, moduleLoader } from "./module-loader.js";

/** Holds what V8 compiled in a run. */
interface Compiled {
  data: Buffer;
  /** True if the run finished. A failed run compiled only the code up to its failure. */
  whole: boolean;
}

/** Not imported: exit-code.ts would make every command compile all error codes first. */
const DONE = 0 satisfies typeof EXIT.done;
const FAILED = 1 satisfies typeof EXIT.failed;
const THINGS_FAILED = 3 satisfies typeof EXIT.thingsFailed;

const WRAPPER = "(function(module){";
const STALE_MS = 30 * 24 * 3_600_000;
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
  });
  const module = {} as { exports: ModuleTable };
  (script.runInThisContext() as (of: typeof module) => void)(module);
  return module.exports;
}

/**
 * Returns the path of a cache file. `name` contains a hash of its content, so a new release has new files and removes
 * the old ones.
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
      return { data: bytes.subarray(DATA_AT), whole: bytes[CHECKSUM_BYTES] === 1 };
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // the first run, or an unreadable cache folder
  }
}

/** Writes the whole cache or nothing: after a power cut or with a second process, the name never has half a file. */
function writeCache(path: string, { data, whole }: Compiled): void {
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
    removeStale(dirname(path));
  } catch {
    removeQuietly(made);
  }
}

/** Removes files of releases that have not run for a month. Touches only regular files with fota's names. */
function removeStale(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isCode = entry.isFile() && /^code-.*\.cjs-v/.test(entry.name);
    if (isCode && Date.now() - statSync(path).mtimeMs > STALE_MS) removeQuietly(path);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // a folder that refused the file refuses its removal too
  }
}
