import { codeOf } from "./error-code.js";

/** The functions of Node that `makeFolders` needs. This package does not import Node. */
export interface FolderTools {
  mkdir(path: string): Promise<unknown>;
  dirname(path: string): string;
}

/**
 * Creates the folder `path` and its missing parents. Does nothing if it exists. Node's `mkdir(path, { recursive: true
 * })` never returns if an existing parent answers ENOENT, as /proc does, and its thread keeps the process from exiting.
 * @throws errors of `mkdir` with their `code`: ENOTDIR or EEXIST if a file is in the way
 */
export async function makeFolders(path: string, tools: FolderTools): Promise<void> {
  try {
    await makeFolder(path, tools);
  } catch (error) {
    const parent = tools.dirname(path);
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
    await makeFolders(parent, tools);
    await makeFolder(path, tools); // no further retry: if it is still ENOENT, the folder cannot be created
  }
}

/** Creates one folder. Ignores EEXIST, also of a file: the first access to the folder then fails. */
async function makeFolder(path: string, { mkdir }: FolderTools): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}
