/** Prints one line for the person who runs the stand-in. */
export type Log = (line: string) => void;
