export function inputsDigest(root: string): string;
export function isUpToDate(root: string, inputs: string): boolean;
export function writeStamp(root: string, inputs: string, files: readonly string[]): void;
