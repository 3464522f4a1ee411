/** Environment variables of a firmware with heartbeats: the descriptor to write a byte to, and the longest interval. */
export const HEARTBEAT_FD = "FOTA_HEARTBEAT_FD";
export const HEARTBEAT_MS = "FOTA_HEARTBEAT_MS";

/** Descriptor of the heartbeat pipe in the firmware: the first one after the standard streams. */
export const HEARTBEAT_PIPE = 3;
