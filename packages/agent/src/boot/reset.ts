/**
 * Exit code that requests a reset: `fota-boot` boots the current slot at once. Above the codes of sysexits.h and below
 * those of shells, so that no crash looks like a reset.
 */
export const RESET_EXIT_CODE = 85;
