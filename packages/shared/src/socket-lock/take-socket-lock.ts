import { Claim } from "./claim.js";
import type { LockTools } from "./lock-tools.js";
import { findOthers, type Other } from "./other-claims.js";
import { type Place, placesFor } from "./places.js";

/** `busy`: another process holds the lock with the socket `claim`. `impossible`: no socket can be created. */
export type LockResult =
  | { kind: "held"; release: () => Promise<void> }
  | { kind: "busy"; claim: string }
  | { kind: "impossible"; why: string };

const MAX_ROUNDS = 50;

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
 * @throws errors of `realpath` and `stat` with their `code` if `path` cannot be reached
 */
export async function takeSocketLock(path: string, purpose: string, tools: LockTools): Promise<LockResult> {
  if (tools.process.platform === "win32") return { kind: "impossible", why: "there is no lock on Windows" };
  const places = await placesFor(path, purpose, tools);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const published = await publishClaim(places, tools);
    const claim = published instanceof Claim ? published : undefined;
    const others = await findOthers(places, claim?.id, tools);
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

/**
 * Tells whether another process holds the lock `purpose` of a folder or a file. Takes nothing, so it disturbs no process
 * that takes the lock meanwhile.
 * @throws errors of `realpath` and `stat` with their `code` if `path` cannot be reached
 */
export async function isSocketLocked(path: string, purpose: string, tools: LockTools): Promise<boolean> {
  if (tools.process.platform === "win32") return false;
  const others = await findOthers(await placesFor(path, purpose, tools), undefined, tools);
  return (await findHolder(others)) !== undefined;
}

/** Publishes a claim in the first place that can hold one. Otherwise returns why the best place cannot. */
async function publishClaim(places: readonly Place[], tools: LockTools): Promise<Claim | { why: string }> {
  let why = "no folder can hold a socket";
  for (const [index, place] of places.entries()) {
    try {
      return await Claim.publish(place, tools);
    } catch (error) {
      if (index === 0) why = error instanceof Error ? error.message : String(error);
    }
  }
  return { why };
}

async function findHolder(others: readonly Other[]): Promise<string | undefined> {
  let holder: string | undefined;
  for (const { path, holds } of others) if (await holds) holder ??= path;
  return holder;
}
