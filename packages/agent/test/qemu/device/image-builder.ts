import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROGRAM } from "../../agent-program.js";
import type { DebianFiles } from "./debian-files.js";
import { makeInitramfs } from "./initramfs.js";

const run = promisify(execFile);

const INITRAMFS = {
  init: join(import.meta.dirname, "initramfs/init"),
  /** What the root file system, the disk and the network of the device need. */
  modules: ["virtio_pci", "virtio_blk", "virtio_net", "virtio-rng", "squashfs"],
};

/** What is wrong with an image. */
export type ImageFault = "panic" | "no-kernel" | "self-test" | "no-agent";

/** Makes images of a slot: a squashfs with the kernel, its initramfs, busybox, `fota-agent` and an application. */
export class ImageBuilder {
  readonly #folder: string;
  #images = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Uses files below `folder`. */
  static async make(folder: string, debian: DebianFiles): Promise<ImageBuilder> {
    const base = join(folder, "base");
    await cp(join(import.meta.dirname, "root"), base, { recursive: true });
    const folders = ["bin", "boot", "data", "dev", "lib", "proc", "run", "runtime", "sbin", "sys", "tmp"];
    for (const name of [...folders, "usr/lib/fota"]) await mkdir(join(base, name), { recursive: true });
    await cp(debian.kernel, join(base, "boot/vmlinuz"));
    await writeFile(join(base, "boot/initrd.img"), await makeInitramfs(debian, INITRAMFS));
    await cp(PROGRAM, join(base, "usr/lib/fota/fota-agent.cjs"));
    await cp(debian.busybox, join(base, "bin/busybox"));
    const { stdout } = await run(debian.busybox, ["--list"]);
    for (const applet of stdout.trim().split("\n")) {
      if (applet !== "busybox") await symlink("busybox", join(base, "bin", applet));
    }
    await symlink("../bin/busybox", join(base, "sbin/init"));
    await symlink("/runtime/lib", join(base, "lib64"));
    await symlink("/runtime/lib", join(base, "lib/x86_64-linux-gnu"));
    await writeFile(join(base, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
    return new ImageBuilder(folder);
  }

  /** Returns the path of a new image. */
  async build(version: string, fault?: ImageFault): Promise<string> {
    this.#images += 1;
    const tree = await mkdtemp(join(this.#folder, "tree-"));
    await run("cp", ["-a", "--link", `${join(this.#folder, "base")}/.`, tree]);
    await replace(tree, "etc/os-release", `NAME="fota test device"\nVERSION_ID="${version}"\n`);
    if (fault === "panic") await replace(tree, "sbin/init", "#!/bin/sh\nexit 1\n");
    if (fault === "no-kernel") await rm(join(tree, "boot/vmlinuz"));
    if (fault === "self-test") await replace(tree, "usr/bin/app", "#!/bin/sh\nexit 1\n");
    if (fault === "no-agent") {
      await replace(tree, "usr/bin/fota-agent", "#!/bin/sh\nexec sleep 1000000\n");
      await replace(tree, "etc/trial-limit-seconds", "20\n");
    }
    const image = join(this.#folder, `image-${this.#images}.squashfs`);
    await run("mksquashfs", [tree, image, "-comp", "gzip", "-all-root", "-quiet", "-no-progress"]);
    await rm(tree, { recursive: true });
    return image;
  }
}

async function replace(tree: string, name: string, text: string): Promise<void> {
  await rm(join(tree, name), { force: true }); // it is a hard link of the base
  await writeFile(join(tree, name), text, { mode: 0o755 });
}
