import type { LockServer, LockSocket, LockTools } from "./lock-tools.js";
import type { Place } from "./places.js";
import { withSocketPath } from "./socket-path.js";

const HELD = "held\n";
/**
 * Every user may connect to a claim; the answer tells only whether it holds the lock. The kernel reports that no
 * process listens on a socket only to users who may write to it (unix(7)). Without that right, a socket that root left
 * at a power cut would lock out the folder's own user permanently.
 */
const CLAIM_MODE = 0o666;

/** Claims to remove when the process exits. If it is killed, the next process removes them. */
const heldClaims = new Set<Claim>();

function removeHeld(): void {
  for (const claim of heldClaims) claim.removeSync();
}

/** The socket with which this process asks for a lock, and then holds it. */
export class Claim {
  readonly id: string;
  readonly #path: string;
  readonly #tools: LockTools;
  readonly #server: LockServer;
  /** Connections of processes that wait for a decision. */
  readonly #waiting = new Set<LockSocket>();
  #held = false;

  private constructor(place: Place, tools: LockTools) {
    this.#tools = tools;
    this.id = tools.crypto.randomBytes(8).toString("hex");
    this.#path = tools.path.join(place.folder, `${place.prefix}${this.id}.lock`);
    this.#server = tools.net.createServer((socket) => this.#answer(socket));
  }

  /** Listens under another name first, so that a socket with a claim's name that refuses connections is always dead. */
  static async publish(place: Place, tools: LockTools): Promise<Claim> {
    const { chmod, rename, rm } = tools.fs.promises;
    const claim = new Claim(place, tools);
    const name = `${place.prefix}${claim.id}.new`;
    const aside = tools.path.join(place.folder, name);
    try {
      await withSocketPath(place.folder, name, tools, (path) => listen(claim.#server, path));
      await chmod(aside, CLAIM_MODE);
      await rename(aside, claim.#path);
    } catch (error) {
      claim.#server.close();
      await rm(aside, { force: true }).catch(() => {});
      throw error;
    }
    return claim;
  }

  /** Holds the lock from now on. Does not keep the process alive. Returns a function that releases it. */
  hold(): () => Promise<void> {
    this.#held = true;
    if (heldClaims.size === 0) this.#tools.process.once("exit", removeHeld);
    heldClaims.add(this);
    for (const socket of this.#waiting) this.#answer(socket);
    this.#server.unref();
    return () => this.withdraw();
  }

  async withdraw(): Promise<void> {
    const { fs, process } = this.#tools;
    if (heldClaims.delete(this) && heldClaims.size === 0) process.off("exit", removeHeld);
    // The folder may be read-only; closing the socket is enough.
    await fs.promises.rm(this.#path, { force: true }).catch(() => {});
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#waiting) socket.destroy();
    });
  }

  /** Removes the socket while the process exits. */
  removeSync(): void {
    try {
      this.#tools.fs.rmSync(this.#path, { force: true });
    } catch {
      // The folder became read-only. The next process finds that no process listens.
    }
  }

  #answer(socket: LockSocket): void {
    socket.on("error", () => {});
    socket.resume();
    socket.once("close", () => this.#waiting.delete(socket));
    this.#waiting.add(socket);
    if (!this.#held) return;
    socket.unref();
    socket.end(HELD, () => socket.destroy());
  }
}

function listen(server: LockServer, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", () => {}); // accept() without free descriptors must not end the lock
      resolve();
    });
  });
}
