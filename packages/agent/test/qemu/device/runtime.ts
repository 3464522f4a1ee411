import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Makes a squashfs in `dir` with Node.js, programs of this machine by name, and the libraries of all. Returns its path. */
export async function makeRuntime(dir: string, programs: readonly string[] = []): Promise<string> {
  const tree = join(dir, "runtime");
  await mkdir(join(tree, "bin"), { recursive: true });
  await mkdir(join(tree, "lib"));
  const paths = [process.execPath];
  for (const name of programs) {
    const { stdout } = await run("sh", ["-c", `PATH=$PATH:/sbin:/usr/sbin command -v ${name}`]);
    paths.push(stdout.trim());
  }
  for (const path of paths) {
    await cp(path, join(tree, "bin", basename(path)), { dereference: true });
    for (const [library] of (await run("ldd", [path])).stdout.matchAll(/\/\S+/g)) {
      await cp(library, join(tree, "lib", basename(library)), { dereference: true });
    }
  }
  const image = join(dir, "runtime.squashfs");
  await run("mksquashfs", [tree, image, "-noI", "-noD", "-noF", "-all-root", "-quiet", "-no-progress"]);
  return image;
}
