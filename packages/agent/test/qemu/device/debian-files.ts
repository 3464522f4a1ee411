import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
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
  const [kernel, busybox] = [await unpackPackage(kernelPackage), await unpackPackage("busybox-static")];
  return {
    kernelVersion,
    kernel: join(kernel, "boot", `vmlinuz-${kernelVersion}`),
    modules: join(kernel, "lib/modules", kernelVersion),
    busybox: join(busybox, "bin/busybox"),
  };
}

/** Downloads and unpacks a Debian package as `debianFiles` does. Returns its folder. */
export async function unpackPackage(name: string): Promise<string> {
  const folder = join(CACHE, name);
  if (await isThere(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const download = await mkdtemp(join(CACHE, `${name}.`));
  await run("apt-get", ["-o", "APT::Sandbox::User=root", "download", name], { cwd: download });
  const [file = ""] = await readdir(download);
  await run("dpkg-deb", ["--extract", join(download, file), join(download, "files")]);
  await rename(join(download, "files"), folder).catch(async (error: unknown) => {
    if (!(await isThere(folder))) throw error; // else another test was faster
  });
  await rm(download, { recursive: true });
  return folder;
}

async function isThere(folder: string): Promise<boolean> {
  return await readdir(folder).then(
    () => true,
    () => false,
  );
}
