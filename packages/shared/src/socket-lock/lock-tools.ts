/** The modules and globals of Node that `takeSocketLock` needs. This package does not import Node. */
export interface LockTools {
  readonly Buffer: { byteLength(text: string): number };
  readonly crypto: {
    createHash(algorithm: string): Hash;
    randomBytes(sizeBytes: number): { toString(encoding: "hex"): string };
  };
  readonly fs: LockFiles;
  readonly net: {
    connect(path: string): LockSocket;
    createServer(onConnection: (socket: LockSocket) => void): LockServer;
  };
  readonly os: { tmpdir(): string };
  readonly path: {
    basename(path: string): string;
    dirname(path: string): string;
    join(...parts: string[]): string;
  };
  readonly performance: { now(): number };
  readonly process: LockProcess;
  setTimeout(action: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

interface Hash {
  update(text: string): Hash;
  digest(encoding: "hex"): string;
}

/** Module `node:fs`. */
interface LockFiles {
  readonly constants: { readonly O_RDONLY: number; readonly O_DIRECTORY: number };
  rmSync(path: string, options: { force: boolean }): void;
  readonly promises: {
    access(path: string): Promise<void>;
    chmod(path: string, mode: number): Promise<void>;
    lstat(path: string): Promise<FileFacts>;
    mkdir(path: string, options: { mode: number }): Promise<unknown>;
    mkdtemp(prefix: string): Promise<string>;
    open(path: string, flags: number): Promise<{ readonly fd: number; close(): Promise<void> }>;
    readdir(path: string): Promise<string[]>;
    realpath(path: string): Promise<string>;
    rename(from: string, to: string): Promise<void>;
    rm(path: string, options: { force: boolean; recursive?: boolean }): Promise<void>;
    stat(path: string): Promise<FileFacts>;
    symlink(target: string, path: string): Promise<void>;
  };
}

interface FileFacts {
  readonly uid: number;
  readonly mode: number;
  readonly mtimeMs: number;
  isDirectory(): boolean;
  isSocket(): boolean;
}

interface LockProcess {
  readonly env: { readonly [name: string]: string | undefined };
  readonly platform: string;
  /** Absent on Windows. */
  geteuid?(): number;
  once(event: "exit", action: () => void): unknown;
  off(event: "exit", action: () => void): unknown;
}

export interface LockServer {
  listen(path: string, onListening: () => void): unknown;
  once(event: "error", action: (error: unknown) => void): unknown;
  on(event: "error", action: (error: unknown) => void): unknown;
  off(event: "error", action: (error: unknown) => void): unknown;
  close(onClosed?: () => void): unknown;
  unref(): unknown;
}

export interface LockSocket {
  on(event: "error", action: (error: unknown) => void): unknown;
  once(event: "connect" | "data" | "close", action: () => void): unknown;
  once(event: "error", action: (error: unknown) => void): unknown;
  resume(): unknown;
  unref(): unknown;
  end(text: string, onEnded: () => void): unknown;
  destroy(): unknown;
}
