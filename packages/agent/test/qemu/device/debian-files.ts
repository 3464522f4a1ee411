import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Names the newest kernel for virtual machines by its dependency. */
const KERNEL_METAPACKAGE = "linux-image-cloud-amd64";
const CACHE = join(import.meta.dirname, "../../../../../node_modules/.cache/fota-device");

/** Files of Debian packages that the device is made of. */
export interface DebianFiles {
  /** As `uname -r` shows it. */
  kernelVersion: string;
  kernel: string;
  /** Folder of the kernel modules. */
  modules: string;
  busybox: string;
}

/** Downloads and unpacks the packages by `apt-get`, without installing them. Keeps them for the next run. */
export async function debianFiles(): Promise<DebianFiles> {
  const { stdout } = await run("apt-cache", ["depends", KERNEL_METAPACKAGE]);
  const [, kernelPackage = "", kernelVersion = ""] = /Depends: (linux-image-(\S+))/.exec(stdout) ?? [];
  const [kernel, busybox] = [await unpacked(kernelPackage), await unpacked("busybox-static")];
  return {
    kernelVersion,
    kernel: join(kernel, "boot", `vmlinuz-${kernelVersion}`),
    modules: join(kernel, "lib/modules", kernelVersion),
    busybox: join(busybox, "bin/busybox"),
  };
}

async function unpacked(name: string): Promise<string> {
  const folder = join(CACHE, name);
  if (await isThere(folder)) return folder;
  const download = join(CACHE, `${name}.${process.pid}`);
  await mkdir(download, { recursive: true });
  await run("apt-get", ["-o", "APT::Sandbox::User=root", "download", name], { cwd: download });
  const [file = ""] = await readdir(download);
  await run("dpkg-deb", ["--extract", join(download, file), join(download, "files")]);
  await rename(join(download, "files"), folder);
  await rm(download, { recursive: true });
  return folder;
}

async function isThere(folder: string): Promise<boolean> {
  return await readdir(folder).then(
    () => true,
    () => false,
  );
}
