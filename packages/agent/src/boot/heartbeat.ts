/** Environment of a firmware whose launcher expects heartbeats: where to write a byte, and how often at least. */
export const HEARTBEAT_FD = "FOTA_HEARTBEAT_FD";
export const HEARTBEAT_MS = "FOTA_HEARTBEAT_MS";

/** Descriptor of the pipe in the firmware: the first after the standard ones. */
export const HEARTBEAT_PIPE = 3;
