/** Holds what a command may use of its process; `bin.ts` supplies the real one. */
export interface Host {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** The home folder, for files that outlive the command. */
  homeDir: string;
  /** Read if it is a terminal, or if an argument names it as `-`. */
  stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  stdout: TextSink;
  stderr: TextSink;
  /** Aborts on Ctrl-C, SIGTERM and when the terminal is closed (SIGHUP). */
  signal: AbortSignal;
}

export type TextSink = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};
