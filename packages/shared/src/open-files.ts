/**
 * Returns how many files this process may open; `undefined` where Linux does not tell, or without a limit. Node.js has
 * raised its soft limit to the hard one when it started.
 * @param readFile that of node:fs/promises. This package does not import Node
 */
export async function openFilesLimit(
  readFile: (path: string, encoding: "utf8") => Promise<string>,
): Promise<number | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
