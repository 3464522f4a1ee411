// packages/agent/src/boot and packages/local/src/folder have identical copies of this file: neither package may import
// the other, and packages/shared does not use Node. socket-lock.e2e.test.ts of the agent compares the copies.
import { createHash, randomBytes } from "node:crypto";
import { constants, rmSync } from "node:fs";
import {
  access,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** `busy`: another process holds the lock with the socket `claim`. `impossible`: no socket can be created. */
export type LockResult =
  | { kind: "held"; release: () => Promise<void> }
  | { kind: "busy"; claim: string }
  | { kind: "impossible"; why: string };

/** A folder for claims, and the prefix of their names. */
interface Place {
  folder: string;
  prefix: string;
}

/** The claim of another process, if that process still runs. */
interface Other {
  id: string;
  path: string;
  /** Resolves to whether a process listens on the socket. */
  alive: Promise<boolean>;
  /** Resolves to whether the process holds the lock, as soon as it has decided. */
  holds: Promise<boolean>;
}

const HELD = "held\n";
/** Longest path of a socket in bytes: with the final zero, 104 on macOS and 108 on Linux (unix(7)). */
const SOCKET_PATH_MAX = 103;
/**
 * A process decides within milliseconds. One that does not answer for this long may be stopped, and counts as holder.
 */
const ANSWER_LIMIT_MS = 10_000;
/** Delay before a claim that closed the connection is asked again. */
const ASK_AGAIN_MS = 20;
/** Age from which a socket that never became a claim is known to belong to a killed process. */
const ASIDE_MAX_AGE_MS = 60_000;
const MAX_ROUNDS = 50;
/**
 * Every user may connect to a claim; the answer tells only whether it holds the lock. The kernel reports that no
 * process listens on a socket only to users who may write to it (unix(7)). Without that right, a socket that root left
 * at a power cut would lock out the folder's own user permanently.
 */
const CLAIM_MODE = 0o666;

/**
 * Takes the lock `purpose` of a folder or a file. Holds it until `release` or until the process ends, even by SIGKILL.
 *
 * Each claim is a Unix socket with a random name in the folder itself. Only users who can write to the folder can
 * create one, and claims that were not created by the folder's owner, root or this user are ignored. The kernel refuses
 * connections to a socket whose process has ended, regardless of process ids, containers and namespaces. Such a claim
 * stays dead, so it is safe to remove. A process first publishes its claim and then looks for others, so of two
 * processes that start at once, at least one sees the other. The one with the greater name withdraws and waits for the
 * other's decision. If the folder cannot hold sockets (read-only, full, unsupported file system), uses a folder of this
 * user in /run instead; processes with another /run do not see such a claim. Not supported on Windows.
 */
export async function takeLock(path: string, purpose: string): Promise<LockResult> {
  if (process.platform === "win32") return { kind: "impossible", why: "there is no lock on Windows" };
  const places = await placesFor(path, purpose);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const published = await publishClaim(places);
    const claim = published instanceof Claim ? published : undefined;
    const others = await findOthers(places, claim?.id);
    let yields = false;
    for (const { id, alive } of others)
      if (claim !== undefined && (await alive) && id < claim.id) yields = true;
    if (yields) await claim?.withdraw();
    const holder = await findHolder(others);
    if (holder !== undefined) {
      await claim?.withdraw();
      return { kind: "busy", claim: holder };
    }
    if (yields) continue;
    if (published instanceof Claim) return { kind: "held", release: published.hold() };
    return { kind: "impossible", why: published.why };
  }
  return { kind: "busy", claim: places[0]?.folder ?? path };
}

async function findHolder(others: readonly Other[]): Promise<string | undefined> {
  let holder: string | undefined;
  for (const { path, holds } of others) if (await holds) holder ??= path;
  return holder;
}

/**
 * Lists the places for claims on `path`, the best first. For a file, its folder is last, because it should stay clean.
 */
async function placesFor(path: string, purpose: string): Promise<Place[]> {
  const real = await realpath(path);
  const runtime = await runtimeFolder();
  const hash = createHash("sha256").update(real).digest("hex").slice(0, 24);
  const elsewhere = runtime === undefined ? [] : [{ folder: runtime, prefix: `${purpose}-${hash}-` }];
  if ((await stat(real)).isDirectory()) return [{ folder: real, prefix: `.lock-${purpose}-` }, ...elsewhere];
  return [...elsewhere, { folder: dirname(real), prefix: `.lock-${purpose}-${basename(real)}-` }];
}

/** Returns a folder for sockets that only this user can have created and can write to; `undefined` if there is none. */
async function runtimeFolder(): Promise<string | undefined> {
  const user = process.geteuid?.();
  const parent = user === 0 ? "/run" : process.env["XDG_RUNTIME_DIR"];
  if (user === undefined || !parent?.startsWith("/") || !(await isOnlyOurs(parent, user))) return undefined;
  const folder = join(parent, "fota");
  await mkdir(folder, { mode: 0o700 }).catch(() => {}); // it may exist; the next line checks it
  return (await isOnlyOurs(folder, user)) ? folder : undefined;
}

async function isOnlyOurs(folder: string, user: number): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === user && (found.mode & 0o022) === 0;
}

/** Publishes a claim in the first place that can hold one. Otherwise returns why the best place cannot. */
async function publishClaim(places: readonly Place[]): Promise<Claim | { why: string }> {
  let why = "no folder can hold a socket";
  for (const [index, place] of places.entries()) {
    try {
      return await Claim.publish(place);
    } catch (error) {
      if (index === 0) why = error instanceof Error ? error.message : String(error);
    }
  }
  return { why };
}

/** Claims to remove when the process exits. If it is killed, the next process removes them. */
const heldPaths = new Set<string>();

function removeHeld(): void {
  for (const path of heldPaths) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The folder became read-only. The next process finds that no process listens.
    }
  }
}

class Claim {
  readonly id: string;
  readonly #path: string;
  readonly #server: Server;
  /** Connections of processes that wait for a decision. */
  readonly #waiting = new Set<Socket>();
  #held = false;

  private constructor(place: Place) {
    this.id = randomBytes(8).toString("hex");
    this.#path = join(place.folder, `${place.prefix}${this.id}.lock`);
    this.#server = createServer((socket) => this.#answer(socket));
  }

  /** Listens under another name first, so that a socket with a claim's name that refuses connections is always dead. */
  static async publish(place: Place): Promise<Claim> {
    const claim = new Claim(place);
    const aside = `${place.prefix}${claim.id}.new`;
    try {
      await withSocketPath(place.folder, aside, (path) => listen(claim.#server, path));
      await chmod(join(place.folder, aside), CLAIM_MODE);
      await rename(join(place.folder, aside), claim.#path);
    } catch (error) {
      claim.#server.close();
      await rm(join(place.folder, aside), { force: true }).catch(() => {});
      throw error;
    }
    return claim;
  }

  /** Holds the lock from now on. Does not keep the process alive. Returns a function that releases it. */
  hold(): () => Promise<void> {
    this.#held = true;
    if (heldPaths.size === 0) process.once("exit", removeHeld);
    heldPaths.add(this.#path);
    for (const socket of this.#waiting) this.#answer(socket);
    this.#server.unref();
    return () => this.withdraw();
  }

  async withdraw(): Promise<void> {
    if (heldPaths.delete(this.#path) && heldPaths.size === 0) process.off("exit", removeHeld);
    await rm(this.#path, { force: true }).catch(() => {}); // the folder may be read-only; closing the socket is enough
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#waiting) socket.destroy();
    });
  }

  #answer(socket: Socket): void {
    socket.on("error", () => {}).resume();
    socket.once("close", () => this.#waiting.delete(socket));
    this.#waiting.add(socket);
    if (this.#held) socket.unref().end(HELD, () => socket.destroy());
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject).on("error", () => {}); // accept() without free descriptors must not end the lock
      resolve();
    });
  });
}

/** Finds the claims in `places` by users that may hold the lock, except `own`. Removes dead ones. */
async function findOthers(places: readonly Place[], own: string | undefined): Promise<Other[]> {
  const others: Other[] = [];
  for (const { folder, prefix } of places) {
    const names = await readdir(folder).catch(() => []);
    const owner = (await stat(folder).catch(() => undefined))?.uid;
    const users = new Set([owner, 0, process.geteuid?.()]);
    for (const name of names) {
      const [, id, kind] = /^([0-9a-f]{16})\.(lock|new)$/.exec(name.slice(prefix.length)) ?? [];
      if (!name.startsWith(prefix) || id === undefined || id === own) continue;
      const found = await lstat(join(folder, name)).catch(() => undefined);
      if (!found?.isSocket() || !users.has(found.uid)) continue;
      if (kind === "lock") others.push(ask(folder, name, id));
      else if (Date.now() - found.mtimeMs > ASIDE_MAX_AGE_MS) ask(folder, name, id);
    }
  }
  return others;
}

function ask(folder: string, name: string, id: string): Other {
  const path = join(folder, name);
  let resolveAlive: (alive: boolean) => void = () => {};
  const alive = new Promise<boolean>((resolve) => {
    resolveAlive = resolve;
  });
  const askUntilDecided = async (): Promise<boolean> => {
    const limit = performance.now() + ANSWER_LIMIT_MS;
    while (performance.now() < limit) {
      const answer = await askOnce(folder, name, limit - performance.now(), () => resolveAlive(true));
      if (answer === "held") return true;
      if (answer === "dead") await rm(path, { force: true }).catch(() => {});
      if (answer === "dead" || answer === "gone") return false;
      await sleep(ASK_AGAIN_MS); // it withdrew, ended, or has no free descriptor
    }
    return true;
  };
  const holds = askUntilDecided().finally(() => resolveAlive(false));
  return { id, path, alive, holds };
}

type Answer = "held" | "hung up" | "dead" | "gone";

/**
 * Asks with one connection. Without a clear answer (no permission, a full queue, a timeout), the lock counts as held.
 */
async function askOnce(
  folder: string,
  name: string,
  limitMs: number,
  onConnect: () => void,
): Promise<Answer> {
  return await withSocketPath(folder, name, (path) => {
    return new Promise<Answer>((resolve) => {
      const socket = connect(path);
      const timer = setTimeout(() => end("held"), limitMs);
      const end = (answer: Answer) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(answer);
      };
      socket.once("connect", onConnect);
      socket.once("data", () => end("held"));
      socket.once("close", () => end("hung up"));
      socket.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") end("dead");
        else if (error.code === "ENOENT") end("gone");
        else end(error.code === "ECONNRESET" || error.code === "EPIPE" ? "hung up" : "held");
      });
    });
  }).catch((error: NodeJS.ErrnoException): Answer => (error.code === "ENOENT" ? "gone" : "held"));
}

/** Calls `use` with a path of the socket `name` in `folder` that is short enough for a socket address. */
async function withSocketPath<T>(
  folder: string,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  if (Buffer.byteLength(join(folder, name)) <= SOCKET_PATH_MAX) return await use(join(folder, name));
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const byDescriptor = `/proc/self/fd/${handle.fd}`;
    if (await isThere(byDescriptor)) return await use(`${byDescriptor}/${name}`);
  } finally {
    await handle.close();
  }
  const detour = await mkdtemp(join(tmpdir(), "fl-")); // for systems without /proc
  try {
    await symlink(folder, join(detour, "f"));
    return await use(join(detour, "f", name));
  } finally {
    await rm(detour, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
