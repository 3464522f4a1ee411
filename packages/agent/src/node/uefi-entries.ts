import { runTool } from "./tool.js";

const HINTS = {
  installHint: "install efibootmgr",
  failureHint: "run as root on a device that booted by UEFI, with efivarfs mounted read-write",
};

/** A boot entry of the firmware: a variable `Boot####`. */
interface BootEntry {
  /** Four hexadecimal digits. */
  id: string;
  label: string;
  /** The firmware skips entries that are not active. */
  isActive: boolean;
}

/** The boot manager's variables (UEFI specification, "Boot Manager"). */
export interface BootManager {
  /** Entry that this boot came from. */
  current?: string;
  /** Entry for the next boot only. The firmware deletes the variable before it boots the entry. */
  next?: string;
  order: readonly string[];
  entries: readonly BootEntry[];
}

/** @throws {FotaError} SLOT_ACCESS */
export async function readBootManager(): Promise<BootManager> {
  return parseBootManager(await runTool("efibootmgr", [], HINTS));
}

/** Parses the output of efibootmgr. Since version 18, a tab and the path of the loader follow a label. */
export function parseBootManager(listing: string): BootManager {
  const lines = listing.split("\n");
  const find = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const [current, next] = [find("BootCurrent"), find("BootNext")];
  const entries = lines.flatMap((line) => {
    const [, id, mark, label] = /^Boot([0-9A-Fa-f]{4})([* ]) ([^\t]*)/.exec(line) ?? [];
    return id === undefined || label === undefined ? [] : [{ id, label, isActive: mark === "*" }];
  });
  return {
    ...(current !== undefined && { current }),
    ...(next !== undefined && { next }),
    order: find("BootOrder")?.split(",") ?? [],
    entries,
  };
}

/** Sets or, without `id`, deletes BootNext. Durable when it resolves. @throws {FotaError} SLOT_ACCESS */
export async function writeBootNext(id: string | undefined): Promise<void> {
  const args = id === undefined ? ["--delete-bootnext"] : ["--bootnext", id];
  await runTool("efibootmgr", ["--quiet", ...args], HINTS);
}

/** Sets BootOrder in one write. Durable when it resolves. @throws {FotaError} SLOT_ACCESS */
export async function writeBootOrder(order: readonly string[]): Promise<void> {
  await runTool("efibootmgr", ["--quiet", "--bootorder", order.join(",")], HINTS);
}
