import type { LockTools } from "./lock-tools.js";

/** A folder for claims, and the prefix of their names. */
export interface Place {
  folder: string;
  prefix: string;
}

/**
 * Lists the places for claims on `path`, the best first. For a file, its folder is last, because it should stay clean.
 */
export async function placesFor(path: string, purpose: string, tools: LockTools): Promise<Place[]> {
  const { crypto, fs } = tools;
  const { basename, dirname } = tools.path;
  const real = await fs.promises.realpath(path);
  const runtime = await runtimeFolder(tools);
  const hash = crypto.createHash("sha256").update(real).digest("hex").slice(0, 24);
  const elsewhere = runtime === undefined ? [] : [{ folder: runtime, prefix: `${purpose}-${hash}-` }];
  if ((await fs.promises.stat(real)).isDirectory()) {
    return [{ folder: real, prefix: `.lock-${purpose}-` }, ...elsewhere];
  }
  return [...elsewhere, { folder: dirname(real), prefix: `.lock-${purpose}-${basename(real)}-` }];
}

/** Returns a folder for sockets that only this user can have created and can write to; `undefined` if there is none. */
async function runtimeFolder(tools: LockTools): Promise<string | undefined> {
  const { fs, path, process } = tools;
  const user = process.geteuid?.();
  const parent = user === 0 ? "/run" : process.env["XDG_RUNTIME_DIR"];
  if (user === undefined || !parent?.startsWith("/") || !(await isOnlyOurs(parent, user, tools)))
    return undefined;
  const folder = path.join(parent, "fota");
  await fs.promises.mkdir(folder, { mode: 0o700 }).catch(() => {}); // it may exist; the next line checks it
  return (await isOnlyOurs(folder, user, tools)) ? folder : undefined;
}

async function isOnlyOurs(folder: string, user: number, { fs }: LockTools): Promise<boolean> {
  const found = await fs.promises.lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === user && (found.mode & 0o022) === 0;
}
