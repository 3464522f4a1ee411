import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { lockFolder } from "../../local/src/folder/folder-lock.js";
import { takeLock } from "../src/boot/socket-lock.js";
import { canMount, SmallDisk } from "./small-disk.js";

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;
const canUnshare = isRoot && spawnSync("unshare", ["--pid", "--fork", "--net", "true"]).status === 0;

/** A process that takes the lock when told to. */
class Holder {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(argv: readonly [string, ...string[]], uid?: number) {
    const [program, ...args] = argv;
    const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
    this.#child = spawn(program, args, uid === undefined ? { stdio } : { stdio, uid, gid: uid, env: {} });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(path: string, options: { uid?: number; before?: string[] } = {}): Promise<Holder> {
    const [program, ...args] = [...(options.before ?? []), process.execPath, script, path, "test"];
    const holder = new Holder([program ?? "", ...args], options.uid);
    started.add(holder);
    expect(await holder.#line()).toBe("ready");
    return holder;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? "ended" : value;
  }

  async take(): Promise<string> {
    this.#child.stdin.write("take\n");
    return await this.#line();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async killed(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.kill();
    await once(this.#child, "exit");
  }
}

let tools: string;
let script: string;
let dir: string;
const started = new Set<Holder>();
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-lock-tools-"));
  await chmod(tools, 0o755); // another user runs it too
  script = join(tools, "lock-holder.cjs");
  await build({
    entryPoints: [join(import.meta.dirname, "lock-holder.ts")],
    outfile: script,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    conditions: ["@fota/source", "module"],
    logLevel: "warning",
  });
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-lock-"));
});
afterEach(async () => {
  await Promise.all([...started].map((holder) => holder.killed()));
  started.clear();
  await rm(dir, { recursive: true });
});

test("both packages hold the same lock", async () => {
  const release = await lockFolder(dir);
  expect(await takeLock(dir, "local")).toMatchObject({ kind: "busy" });
  await release();
  const lock = await takeLock(dir, "local");
  if (lock.kind !== "held") throw new Error(lock.kind);
  await expect(lockFolder(dir)).rejects.toMatchObject({ code: "LOCAL_DIR_IN_USE" });
  await lock.release();
});

test("a lock is one process's until it is killed, and leaves nothing behind when it is released", async () => {
  const holder = await Holder.start(dir);
  expect(await holder.take()).toBe("held");
  expect(await takeLock(dir, "test")).toMatchObject({ kind: "busy" });
  expect(await takeLock(dir, "another purpose")).toMatchObject({ kind: "held" });
  await holder.killed();
  const lock = await takeLock(dir, "test");
  if (lock.kind !== "held") throw new Error(lock.kind);
  expect(await takeLock(dir, "test")).toMatchObject({ kind: "busy" });
  await lock.release();
  expect((await readdir(dir)).filter((name) => name.startsWith(".lock-test-"))).toEqual([]);
  expect(await takeLock(dir, "test")).toMatchObject({ kind: "held" });
});

test("of many that start at once exactly one holds, also when they all find the lock of a killed one", async () => {
  const waiting = new Set(await Promise.all(Array.from({ length: 7 }, () => Holder.start(dir))));
  while (waiting.size > 0) {
    const results = await Promise.all(
      [...waiting].map(async (holder) => [holder, await holder.take()] as const),
    );
    const holding = results.filter(([, result]) => result === "held");
    expect(results.map(([, result]) => result).sort()).toEqual([
      ...Array.from({ length: waiting.size - 1 }, () => "busy"),
      "held",
    ]);
    for (const [holder] of holding) {
      await holder.killed();
      waiting.delete(holder);
    }
  }
});

test("never do two hold, whichever of those that start at once is killed in the middle", async () => {
  for (let round = 0; round < 4; round += 1) {
    const holders = await Promise.all(Array.from({ length: 6 }, () => Holder.start(dir)));
    const results = holders.map((holder) => holder.take());
    await Promise.race(results.slice(2)); // by then some have shown claims, and some have not
    for (const holder of holders.slice(0, 2)) holder.kill();
    const survivors = await Promise.all(results.slice(2)); // of the killed one may have held before
    expect(survivors.filter((end) => end === "held").length, String(survivors)).toBeLessThanOrEqual(1);
    await Promise.all(holders.map((holder) => holder.killed()));
    const next = await takeLock(dir, "test"); // all are killed: the lock is free
    if (next.kind !== "held") throw new Error(next.kind);
    await next.release();
  }
});

test("a stopped holder still holds", async () => {
  const holder = await Holder.start(dir);
  expect(await holder.take()).toBe("held");
  process.kill(holder.pid, "SIGSTOP");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const taken = takeLock(dir, "test");
    // It waits for an answer that does not come.
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(9_000);
    expect(await Promise.race([taken, "still waits"])).toBe("still waits");
    vi.advanceTimersByTime(1_000);
    expect(await taken).toMatchObject({ kind: "busy" });
  } finally {
    vi.useRealTimers();
  }
});

test("the length of the folder's path and the way to it do not matter", async () => {
  const deep = join(dir, ...Array.from({ length: 5 }, () => "a-long-name-of-a-folder-on-a-device"));
  await mkdir(deep, { recursive: true });
  await symlink(deep, join(dir, "link"));
  const holder = await Holder.start(deep);
  expect(await holder.take()).toBe("held");
  expect(await takeLock(join(dir, "link"), "test")).toMatchObject({ kind: "busy" });
  await holder.killed();
  expect(await takeLock(join(dir, "link"), "test")).toMatchObject({ kind: "held" });
});

test("a file that is not a socket, or without a listener, does not hold the lock", async () => {
  await writeFile(join(dir, ".lock-test-0000000000000000.lock"), "");
  await mkdir(join(dir, ".lock-test-0000000000000001.lock"));
  await symlink("/dev/null", join(dir, ".lock-test-0000000000000002.lock"));
  expect(await takeLock(dir, "test")).toMatchObject({ kind: "held" });
});

test.runIf(process.platform === "linux")("a name that any user can take is not needed", async () => {
  const server = createServer().listen(`\0fota-test-${dir}`);
  await once(server, "listening");
  expect(await takeLock(dir, "test")).toMatchObject({ kind: "held" });
  server.close();
});

if (!isRoot) test.skip("locks against other users: only root can act as another", () => {});
else {
  test("another user cannot lock out the owner, even in a folder that everyone can write to", async () => {
    await chmod(dir, 0o777);
    const stranger = await Holder.start(dir, { uid: NOBODY });
    expect(await stranger.take()).toBe("held"); // against its own kind
    expect(await (await Holder.start(dir, { uid: NOBODY })).take()).toBe("busy");
    const owner = await Holder.start(dir);
    expect(await owner.take()).toBe("held");
    expect(await takeLock(dir, "test")).toMatchObject({ kind: "busy" });
  });

  test("what root left at a power cut holds nothing against the folder's own user", async () => {
    const root = await Holder.start(dir);
    expect(await root.take()).toBe("held");
    await chown(dir, NOBODY, NOBODY);
    const owner = await Holder.start(dir, { uid: NOBODY });
    expect(await owner.take()).toBe("busy"); // it lives
    await root.killed();
    expect(await owner.take()).toBe("held");
  });

  test("another user who may only read the folder can take nothing there", async () => {
    await chmod(dir, 0o755);
    const stranger = await Holder.start(dir, { uid: NOBODY });
    expect(await stranger.take()).toMatch(/^impossible: .*EACCES/);
    expect(await takeLock(dir, "test")).toMatchObject({ kind: "held" });
    expect(await stranger.take()).toBe("busy");
  });
}

if (!canUnshare) test.skip("locks between containers: unshare makes no namespaces here", () => {});
else {
  test("a holder in another container counts, whatever its process id, and is gone with it", async () => {
    const holder = await Holder.start(dir, {
      before: ["unshare", "--pid", "--fork", "--net", "--kill-child"],
    });
    expect(await holder.take()).toBe("held");
    expect(await takeLock(dir, "test")).toMatchObject({ kind: "busy" });
    await holder.killed();
    expect(await takeLock(dir, "test")).toMatchObject({ kind: "held" });
  });
}

if (!canMount || !isRoot) test.skip("locks on other file systems: nothing can be mounted here", () => {});
else {
  test.each(["read-only", "full"] as const)("a folder that is %s is locked all the same", async (state) => {
    const disk = new SmallDisk(dir);
    try {
      const before = await Holder.start(dir);
      if (state === "full") await writeFile(join(dir, "filler"), Buffer.alloc(1024 * 1024)).catch(() => {});
      else disk.turnReadOnly();
      expect(await before.take()).toBe("held");
      expect(await (await Holder.start(dir)).take()).toBe("busy");
      await before.killed();
      expect(await (await Holder.start(dir)).take()).toBe("held");
    } finally {
      disk.unmount();
    }
  });

  test("a lock taken before the folder turned read-only counts after", async () => {
    const disk = new SmallDisk(dir);
    try {
      const before = await Holder.start(dir);
      expect(await before.take()).toBe("held");
      disk.turnReadOnly();
      expect(await (await Holder.start(dir)).take()).toBe("busy");
      await before.killed();
      expect(await (await Holder.start(dir)).take()).toBe("held");
    } finally {
      disk.unmount();
    }
  });
}
