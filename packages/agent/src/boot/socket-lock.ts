// packages/agent/src/boot and packages/local/src hold this file, letter by letter: neither may import the other, and
// what both import has no Node. socket-lock.test.ts beside the agent's compares them.
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

/** `busy`: a process that runs holds the lock, by the socket at `claim`. `impossible`: no place takes a socket. */
export type LockResult =
  | { kind: "held"; release: () => Promise<void> }
  | { kind: "busy"; claim: string }
  | { kind: "impossible"; why: string };

/** A folder that takes claims, and how their names begin there. */
interface Place {
  folder: string;
  prefix: string;
}

/** What another process may be: its socket, to be asked. */
interface Other {
  id: string;
  path: string;
  /** Whether a process listens. */
  alive: Promise<boolean>;
  /** Whether it holds the lock; resolves once it has decided. */
  holds: Promise<boolean>;
}

const HELD = "held\n";
/** Longest path of a socket in bytes: macOS has 104 with the closing zero, Linux 108 (unix(7)). */
const SOCKET_PATH_MAX = 103;
/** A claim decides within milliseconds. One that says nothing for so long counts as the holder: it may be stopped. */
const ANSWER_LIMIT_MS = 10_000;
/** Pause before a claim that hung up is asked again. */
const ASK_AGAIN_MS = 20;
/** Age at which a socket that never became a claim was left by a process that was killed. */
const ASIDE_MAX_AGE_MS = 60_000;
const MAX_ROUNDS = 50;
/**
 * All may ask whether a claim is alive, and get nothing but the answer. The kernel tells only a process with the right to
 * write to a socket that nobody listens on it (unix(7)): one that root left at a power cut would otherwise hold the lock
 * against the folder's own user for good.
 */
const CLAIM_MODE = 0o666;

/**
 * Takes the lock `purpose` of a folder, or of a file, until `release` or the end of the process, also by `kill -9`.
 *
 * Each claim is a Unix socket of its own, under a random name, in the folder itself: only who can write there can make
 * one, and one that the folder's owner, root or this user did not make is ignored. The kernel refuses connections to a
 * socket whose process has ended, whatever its process id, its container or the namespaces of the two; so such a claim
 * is dead for good, and removing it never removes a live one. A process first shows its claim and then looks for
 * others: of two that start at once at least one sees the other. The one with the greater name withdraws and waits for
 * what the other decides. A folder that takes no sockets (read-only, full, a file system without them) is replaced by
 * a folder of this user's in /run; processes with another /run do not see such a claim. Not on Windows.
 */
export async function takeLock(path: string, purpose: string): Promise<LockResult> {
  if (process.platform === "win32") return { kind: "impossible", why: "there is no lock on Windows" };
  const places = await placesFor(path, purpose);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const shown = await showClaim(places);
    const claim = shown instanceof Claim ? shown : undefined;
    const others = await findOthers(places, claim?.id);
    let yields = false;
    for (const { id, alive } of others)
      if (claim !== undefined && (await alive) && id < claim.id) yields = true;
    if (yields) await claim?.withdraw();
    const holder = await holderAmong(others);
    if (holder !== undefined) {
      await claim?.withdraw();
      return { kind: "busy", claim: holder };
    }
    if (yields) continue;
    if (shown instanceof Claim) return { kind: "held", release: shown.hold() };
    return { kind: "impossible", why: shown.why };
  }
  return { kind: "busy", claim: places[0]?.folder ?? path };
}

async function holderAmong(others: readonly Other[]): Promise<string | undefined> {
  let holder: string | undefined;
  for (const { path, holds } of others) if (await holds) holder ??= path;
  return holder;
}

/** Where claims on `path` may be, the best place first. A file has its neighbors' folder, which should stay clean. */
async function placesFor(path: string, purpose: string): Promise<Place[]> {
  const real = await realpath(path);
  const runtime = await runtimeFolder();
  const hash = createHash("sha256").update(real).digest("hex").slice(0, 24);
  const elsewhere = runtime === undefined ? [] : [{ folder: runtime, prefix: `${purpose}-${hash}-` }];
  if ((await stat(real)).isDirectory()) return [{ folder: real, prefix: `.lock-${purpose}-` }, ...elsewhere];
  return [...elsewhere, { folder: dirname(real), prefix: `.lock-${purpose}-${basename(real)}-` }];
}

/** A folder for sockets that no other user can write to, nor could have made; `undefined` where there is none. */
async function runtimeFolder(): Promise<string | undefined> {
  const user = process.geteuid?.();
  const parent = user === 0 ? "/run" : process.env["XDG_RUNTIME_DIR"];
  if (user === undefined || !parent?.startsWith("/") || !(await isOnlyOurs(parent, user))) return undefined;
  const folder = join(parent, "fota");
  await mkdir(folder, { mode: 0o700 }).catch(() => {}); // there already, or refused: the next line finds out
  return (await isOnlyOurs(folder, user)) ? folder : undefined;
}

async function isOnlyOurs(folder: string, user: number): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === user && (found.mode & 0o022) === 0;
}

/** A claim in the first place that takes one, or why none does. */
async function showClaim(places: readonly Place[]): Promise<Claim | { why: string }> {
  let why = "no folder takes a socket";
  for (const [index, place] of places.entries()) {
    try {
      return await Claim.show(place);
    } catch (error) {
      if (index === 0) why = error instanceof Error ? error.message : String(error);
    }
  }
  return { why };
}

/** Claims that a process which ends by itself takes along; one that is killed leaves them to the next. */
const heldPaths = new Set<string>();

function removeHeld(): void {
  for (const path of heldPaths) {
    try {
      rmSync(path, { force: true });
    } catch {
      // a folder that is read-only by now: the next one finds nobody listening
    }
  }
}

class Claim {
  readonly id: string;
  readonly #path: string;
  readonly #server: Server;
  /** Who asked while this one has not decided. */
  readonly #waiting = new Set<Socket>();
  #held = false;

  private constructor(place: Place) {
    this.id = randomBytes(8).toString("hex");
    this.#path = join(place.folder, `${place.prefix}${this.id}.lock`);
    this.#server = createServer((socket) => this.#answer(socket));
  }

  /** Listens under another name first: what carries a claim's name and refuses connections is dead for certain. */
  static async show(place: Place): Promise<Claim> {
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

  /** From here on the lock is held. Does not keep the process alive. */
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
    await rm(this.#path, { force: true }).catch(() => {}); // a folder that is read-only by now: the socket dies below
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
      server.off("error", reject).on("error", () => {}); // accept() out of descriptors is no end of the lock
      resolve();
    });
  });
}

/** Every claim in `places` but `own`, as far as its maker counts. Removes the dead ones. */
async function findOthers(places: readonly Place[], own: string | undefined): Promise<Other[]> {
  const others: Other[] = [];
  for (const { folder, prefix } of places) {
    const names = await readdir(folder).catch(() => []);
    const owner = (await stat(folder).catch(() => undefined))?.uid;
    const makers = new Set([owner, 0, process.geteuid?.()]);
    for (const name of names) {
      const [, id, kind] = /^([0-9a-f]{16})\.(lock|new)$/.exec(name.slice(prefix.length)) ?? [];
      if (!name.startsWith(prefix) || id === undefined || id === own) continue;
      const found = await lstat(join(folder, name)).catch(() => undefined);
      if (!found?.isSocket() || !makers.has(found.uid)) continue;
      if (kind === "lock") others.push(ask(folder, name, id));
      else if (Date.now() - found.mtimeMs > ASIDE_MAX_AGE_MS) ask(folder, name, id);
    }
  }
  return others;
}

function ask(folder: string, name: string, id: string): Other {
  const path = join(folder, name);
  let tellAlive: (alive: boolean) => void = () => {};
  const alive = new Promise<boolean>((resolve) => {
    tellAlive = resolve;
  });
  const inquire = async (): Promise<boolean> => {
    const limit = performance.now() + ANSWER_LIMIT_MS;
    while (performance.now() < limit) {
      const answer = await askOnce(folder, name, limit - performance.now(), () => tellAlive(true));
      if (answer === "held") return true;
      if (answer === "dead") await rm(path, { force: true }).catch(() => {});
      if (answer === "dead" || answer === "gone") return false;
      await sleep(ASK_AGAIN_MS); // it withdrew, or ended, or has no descriptor left for us: asking again tells
    }
    return true;
  };
  const holds = inquire().finally(() => tellAlive(false));
  return { id, path, alive, holds };
}

type Answer = "held" | "hung up" | "dead" | "gone";

/** One connection. What cannot be told (no right to connect, a full queue, no answer in time) counts as held. */
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

/** Names a socket in `folder` by a path that fits in an address, whatever the length of the folder's own. */
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
  const detour = await mkdtemp(join(tmpdir(), "fl-")); // a system without /proc
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
