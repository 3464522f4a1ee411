/** What a command may touch of the process it runs in; `bin.ts` brings the real one. */
export interface Host {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Where a command may keep what outlives it. */
  homeDir: string;
  /** Read from only where it is a terminal. */
  stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  stdout: TextSink;
  stderr: TextSink;
  /** Aborted by Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP). */
  signal: AbortSignal;
}

export type TextSink = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};
