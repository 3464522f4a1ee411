import { FotaError } from "@fota/shared";

/** Open files of the process itself: its program, the standard streams, requests to the stand-in. */
const OTHER_FILES = 100;
/** Open files of a device that updates: its download and its slot. */
const FILES_OF_UPDATE = 3;

export interface FleetFiles {
  devices: number;
  /** How many of them hold a lock. */
  locks: number;
  /** How many update at once, at most. */
  updates: number;
}

/** Returns how many open files a fleet needs at most: a connection for each device, locks, and what updates take. */
export function neededFiles({ devices, locks, updates }: FleetFiles): number {
  return OTHER_FILES + devices + locks + FILES_OF_UPDATE * Math.min(devices, updates);
}

/**
 * Checks the limit of open files before a fleet starts, which would otherwise fail in the middle.
 * @param limit the limit of this process; `undefined` if unknown
 * @throws {FotaError} USAGE with the number that is needed
 */
export function checkOpenFiles(fleet: FleetFiles, limit: number | undefined): void {
  const needed = neededFiles(fleet);
  if (limit === undefined || limit >= needed) return;
  throw new FotaError(
    "USAGE",
    `${fleet.devices} devices need ${needed} open files, but this process may open ${limit}`,
    {
      hint: `raise the hard limit, as root: \`ulimit -n ${needed}\` in the shell that starts fota, or \`nofile\` in /etc/security/limits.conf`,
    },
  );
}
