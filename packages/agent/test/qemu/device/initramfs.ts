import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { DebianFiles } from "./debian-files.js";

const [FOLDER_MODE, EXECUTABLE_MODE, CONSOLE_MODE] = [0o040755, 0o100755, 0o020600];

/** What an initramfs has besides busybox. */
export interface InitramfsContent {
  /** Path of the script `init`. */
  init: string;
  /** Names of kernel modules. Those that they need are added. */
  modules: readonly string[];
  /** Paths of further files on this machine, by their path in the initramfs. */
  files?: Readonly<Record<string, string>>;
}

/** Returns an initramfs: busybox, kernel modules in the order of their dependencies, and the script `init`. */
export async function makeInitramfs(
  { modules: folder, busybox }: DebianFiles,
  { init, modules, files = {} }: InitramfsContent,
): Promise<Buffer> {
  const paths: [string, string][] = [["init", init], ["bin/busybox", busybox], ...Object.entries(files)];
  for (const [index, file] of (await modulesInOrder(folder, modules)).entries()) {
    paths.push([`modules/${String(index).padStart(2, "0")}-${basename(file)}`, file]);
  }
  const folders = new Set([
    "dev",
    "modules",
    "proc",
    "root",
    "sys",
    ...paths.flatMap(([path]) => parentsOf(path)),
  ]);
  const entries = [...folders].map((name) => entryOf(name, FOLDER_MODE));
  entries.push(entryOf("dev/console", CONSOLE_MODE, Buffer.alloc(0), [5, 1]));
  for (const [path, file] of paths) entries.push(entryOf(path, EXECUTABLE_MODE, await readFile(file)));
  return gzipSync(Buffer.concat([...entries, entryOf("TRAILER!!!", 0)]));
}

/** Returns the folders above a path, the highest one first. */
function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [...parentsOf(parent), parent];
}

async function modulesInOrder(folder: string, names: readonly string[]): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  const pathOf = (name: string) => all.find((path) => nameOf(path) === name.replaceAll("-", "_"));
  const found = new Set<string>();
  async function add(name: string): Promise<void> {
    const path = pathOf(name);
    if (path === undefined) return; // it is in the kernel itself
    const content = await readFile(join(folder, path), "latin1");
    const [, depends = ""] = /\0depends=([^\0]*)\0/.exec(content) ?? [];
    for (const other of depends.split(",").filter(Boolean)) await add(other);
    found.add(join(folder, path));
  }
  for (const name of names) await add(name);
  return [...found];
}

function nameOf(path: string): string | undefined {
  return path.endsWith(".ko") ? basename(path, ".ko").replaceAll("-", "_") : undefined;
}

/** Returns an entry of a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace). */
function entryOf(name: string, mode: number, content: Buffer = Buffer.alloc(0), device = [0, 0]): Buffer {
  const fields = [0, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length + 1, 0];
  const hex = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  return Buffer.concat([padded(Buffer.from(`070701${hex}${name}\0`)), padded(content)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
