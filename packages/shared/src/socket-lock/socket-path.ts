import type { LockTools } from "./lock-tools.js";

/** Longest path of a socket in bytes: with the final zero, 104 on macOS and 108 on Linux (unix(7)). */
const SOCKET_PATH_MAX = 103;

/** Calls `use` with a path of the socket `name` in `folder` that is short enough for a socket address. */
export async function withSocketPath<T>(
  folder: string,
  name: string,
  tools: LockTools,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const { Buffer, fs, os, path } = tools;
  const { mkdtemp, open, rm, symlink } = fs.promises;
  const direct = path.join(folder, name);
  if (Buffer.byteLength(direct) <= SOCKET_PATH_MAX) return await use(direct);
  const handle = await open(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    const byDescriptor = `/proc/self/fd/${handle.fd}`;
    if (await isThere(byDescriptor, tools)) return await use(`${byDescriptor}/${name}`);
  } finally {
    await handle.close();
  }
  const detour = await mkdtemp(path.join(os.tmpdir(), "fl-")); // for systems without /proc
  try {
    await symlink(folder, path.join(detour, "f"));
    return await use(path.join(detour, "f", name));
  } finally {
    await rm(detour, { recursive: true, force: true });
  }
}

async function isThere(path: string, { fs }: LockTools): Promise<boolean> {
  return await fs.promises.access(path).then(
    () => true,
    () => false,
  );
}
