/**
 * Exit code with which firmware asks `fota-boot` for a reset: the slot that boots next is booted at once. Above the
 * codes of sysexits.h and below those of the shell, so that no crash looks like it.
 */
export const RESET_EXIT_CODE = 85;
