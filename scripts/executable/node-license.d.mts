export function readNodeLicense(execPath?: string): string;
