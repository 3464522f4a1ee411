import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { docBlock } from "../doc-block.js";
import { fetchUbootSource } from "./uboot-source.js";

const run = promisify(execFile);

/** Where this build of U-Boot keeps the two copies of its environment on the disk. */
export const UBOOT_ENV = { offsetsBytes: [0x80000, 0x90000], sizeBytes: 0x4000 } as const;

const [first, second] = UBOOT_ENV.offsetsBytes;
const hex = (value: number) => `0x${value.toString(16)}`;

/** What docs/uboot.md asks for, with an eMMC or SD card on QEMU's board. Both names of the redundant environment. */
const NEEDED = `
CONFIG_BOOTCOUNT_LIMIT=y
CONFIG_BOOTCOUNT_ENV=y
CONFIG_SYS_REDUNDAND_ENVIRONMENT=y
CONFIG_ENV_REDUNDANT=y
CONFIG_ENV_IS_IN_MMC=y
CONFIG_ENV_SIZE=${hex(UBOOT_ENV.sizeBytes)}
CONFIG_ENV_OFFSET=${hex(first)}
CONFIG_ENV_OFFSET_REDUND=${hex(second)}
CONFIG_USE_DEFAULT_ENV_FILE=y
CONFIG_DEFAULT_ENV_FILE="fota.env"
CONFIG_MMC=y
CONFIG_MMC_SDHCI=y
CONFIG_MMC_PCI=y
CONFIG_FS_SQUASHFS=y
CONFIG_BOOTDELAY=-2
`;

/** Off, for a build of half a minute. */
const NOT_NEEDED = `
ENV_IS_IN_FLASH MMC_SDHCI_ADMA AHCI SCSI CMD_SCSI NVME_PCI CMD_NVME USB CMD_USB TPM CMD_TPM NET VIRTIO_NET VIRTIO_BLK
VIRTIO_RNG DM_RNG MTD MTD_NOR_FLASH DFU CMD_DFU DFU_TFTP EFI_LOADER CMD_BOOTEFI_SELFTEST VIDEO FIT_SIGNATURE`;

/** The board's part of the environment, beside the lines of docs/uboot.md. */
const BOARD_ENV = "kernel_addr_r=0x40400000\nfdt_addr_r=0x44000000\nbootdelay=-2\n";

/** Environment loads from a card on PCI, so PCI must be ready before it. Not a Kconfig option. */
const FLAGS = ["CROSS_COMPILE=aarch64-linux-gnu-", "KCPPFLAGS=-DCONFIG_SYS_EARLY_PCI_INIT"];

/** Debian packages that a build needs, with a command of each. */
const TOOLS = {
  "gcc-aarch64-linux-gnu": "aarch64-linux-gnu-gcc",
  gcc: "gcc",
  make: "make",
  bison: "bison",
  flex: "flex",
  bc: "bc",
  "xz-utils": "xz",
  xxd: "xxd",
  apt: "apt-get",
} as const;
const HEADERS = { "libc6-dev": "/usr/include/stdio.h", "libssl-dev": "/usr/include/openssl/evp.h" } as const;

/** Returns the Debian packages that are missing for a build. */
export function missingForUboot(): string[] {
  return [
    ...Object.entries(TOOLS).filter(([, tool]) => spawnSync(tool, ["--version"]).error !== undefined),
    ...Object.entries(HEADERS).filter(([, path]) => !existsSync(path)),
  ].map(([name]) => name);
}

/**
 * Returns the path of U-Boot for QEMU's board "virt" on aarch64, with the configuration and the environment of
 * docs/uboot.md. Builds it from Debian's source if it is not in the cache: Debian's own build for QEMU counts no boots
 * and has no second copy of its environment.
 */
export async function buildUboot(): Promise<string> {
  const environment = `${await docBlock("uboot.md", "uboot-env")}${BOARD_ENV}`;
  const off = NOT_NEEDED.trim().split(/\s+/);
  const config = `${NEEDED}${off.map((name) => `# CONFIG_${name} is not set\n`).join("")}`;
  const key = createHash("sha256")
    .update(environment + config + FLAGS.join())
    .digest("hex")
    .slice(0, 16);
  const built = join(import.meta.dirname, "../../../../node_modules/.cache/fota-u-boot", `${key}.bin`);
  if (existsSync(built)) return built;

  const dir = await mkdtemp(join(tmpdir(), "fota-u-boot-"));
  try {
    const source = await fetchUbootSource(dir);
    await writeFile(join(source, "fota.env"), environment);
    await writeFile(join(source, "fota.config"), config);
    await makeUboot(source);
    await mkdir(dirname(built), { recursive: true });
    await copyFile(join(source, "u-boot.bin"), `${built}.new`);
    await rename(`${built}.new`, built);
  } finally {
    await rm(dir, { recursive: true });
  }
  return built;
}

async function makeUboot(source: string): Promise<void> {
  const make = async (...args: string[]) =>
    await run("make", ["-s", ...FLAGS, ...args], { cwd: source, maxBuffer: 1 << 26 });
  await make("qemu_arm64_defconfig");
  await run("scripts/kconfig/merge_config.sh", ["-m", ".config", "fota.config"], { cwd: source });
  await make("olddefconfig");
  await make("-j2", "u-boot.bin");
}
