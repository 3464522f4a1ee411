/** Runs the stand-in in its own process, built from source. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import type { LocalInfo } from "../../src/index.js";

export interface LocalProgram {
  /** The folder of the program; tests can put their files there. */
  folder: string;
  launch(dir?: string): ChildProcess;
  /** Resolves when it answers. */
  started(dir?: string): Promise<{ child: ChildProcess; info: LocalInfo }>;
  /** Kills the processes that still run. */
  killAll(): Promise<void>;
  dispose(): Promise<void>;
}

export async function buildLocalProgram(): Promise<LocalProgram> {
  const folder = await mkdtemp(join(tmpdir(), "fota-local-program-"));
  const path = join(folder, "local.mjs");
  const running = new Set<ChildProcess>();
  await bundle("local-process.ts", path);

  function launch(dir?: string): ChildProcess {
    const child = spawn(process.execPath, dir === undefined ? [path] : [path, dir], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    return child;
  }

  const killAll = async () => {
    await Promise.all([...running].map((child) => endedBy(child, "SIGKILL")));
  };

  return {
    folder,
    launch,
    killAll,
    async started(dir) {
      const child = launch(dir);
      if (child.stdout === null) throw new Error("no stdout");
      const [line] = await once(createInterface(child.stdout), "line");
      return { child, info: JSON.parse(line) };
    },
    async dispose() {
      await killAll();
      await rm(folder, { recursive: true });
    },
  };
}

/** Bundles a program of this folder from source. */
export async function bundle(name: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, name)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    conditions: ["@fota/source", "module"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}

/** Sends a signal; resolves to the signal that ended the process. */
export async function endedBy(child: ChildProcess, signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  const exited = once(child, "exit");
  child.kill(signal);
  const [, by] = await exited;
  return by;
}
