import type { DiskCut, DiskWrite } from "./power-disk.js";

const SECTOR_BYTES = 512;

/** Returns the numbers of the sectors that differ. */
export function changedSectors(before: Buffer, after: Buffer): number[] {
  const count = Math.ceil(before.length / SECTOR_BYTES);
  return Array.from({ length: count }, (_, sector) => sector).filter(
    (sector) => !sectorOf(before, sector).equals(sectorOf(after, sector)),
  );
}

export function sectorOf(bytes: Buffer, sector: number): Buffer {
  return bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
}

/** Returns `before` with some sectors of `after`: a disk writes each sector completely or not at all. */
export function mixSectors(before: Buffer, after: Buffer, sectors: readonly number[]): Buffer {
  const state = Buffer.from(before);
  for (const sector of sectors) sectorOf(after, sector).copy(state, sector * SECTOR_BYTES);
  return state;
}

/** Returns all subsets of a few sectors: what a power cut leaves if the disk writes them in any order. */
export function anyOrder(sectors: readonly number[]): number[][] {
  return Array.from({ length: 2 ** sectors.length }, (_, mask) =>
    sectors.filter((_sector, i) => Math.floor(mask / 2 ** i) % 2 === 1),
  );
}

/** Returns the power cuts that leave different disks: before the first write that changes it, in and after each one. */
export function cutsBetween(writes: readonly DiskWrite[]): DiskCut[] {
  const changes = writes.flatMap(({ isChange, data }, i) =>
    isChange ? [{ write: i + 1, sizeBytes: data.length }] : [],
  );
  return changes.flatMap(({ write, sizeBytes }, i): DiskCut[] => [
    ...(i === 0 ? [{ write, point: "before" } as const] : []),
    ...(sizeBytes > SECTOR_BYTES ? [{ write, point: "during" } as const] : []),
    { write, point: "after" },
  ]);
}

/** Returns a disk after the first `count` of these writes. */
export function afterWrites(before: Buffer, writes: readonly DiskWrite[], count: number): Buffer {
  const state = Buffer.from(before);
  for (const { offsetBytes, data } of writes.slice(0, count)) data.copy(state, offsetBytes);
  return state;
}

/**
 * Returns the different disks that a power cut can leave of these writes, if the disk writes each sector completely or not
 * at all, and sectors in any order. Each is a list of writes to make.
 */
export function tornDisks(writes: readonly DiskWrite[]): { offsetBytes: number; data: Buffer }[][] {
  const sectors = writes.flatMap(({ offsetBytes, data }) =>
    Array.from({ length: data.length / SECTOR_BYTES }, (_, i) => ({
      offsetBytes: offsetBytes + i * SECTOR_BYTES,
      data: sectorOf(data, i),
    })),
  );
  const disks = new Map<string, typeof sectors>();
  for (const subset of anyOrder([...sectors.keys()])) {
    const last = new Map(
      subset.flatMap((i) => sectors[i] ?? []).map((sector) => [sector.offsetBytes, sector]),
    );
    const written = [...last.values()].sort((a, b) => a.offsetBytes - b.offsetBytes);
    const key = written.map(({ offsetBytes, data }) => `${offsetBytes} ${data.toString("base64")}`).join();
    disks.set(key, written);
  }
  return [...disks.values()];
}
